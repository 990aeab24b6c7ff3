/* same_functions.c: kernels of one structure are one function. The instructions themselves are
 * compared, not what they were made from, so nothing that they depend on can be forgotten.
 *
 * A function is written down as words: opcodes, types, what else an instruction has, and operands,
 * of which those inside the function go by their number in it. Types and constants are made once a
 * context, so they are their addresses. */
#include "codegen/cpu/kernels.h"
#include <string.h>

typedef VEC(uint64_t) Words;

typedef struct KnownFunction {
    Val fn;
    uint64_t key;
    Words words;
} KnownFunction;

typedef struct Numbered {
    const void *value;
    uint32_t number, turn;
} Numbered;

typedef struct Known {
    VEC(KnownFunction) functions;
    /* numbers of this turn's parameters, blocks and instructions, by address */
    Numbered *slot;
    size_t slots, used;
    uint32_t turn;
    Words words;
} Known;

static Numbered *find(const Known *k, const void *value)
{
    size_t at = (size_t)(((uintptr_t)value >> 4) * 0x9E3779B97F4A7C15u >> 20) & (k->slots - 1);
    while (k->slot[at].turn == k->turn && k->slot[at].value != value)
        at = (at + 1) & (k->slots - 1);
    return &k->slot[at];
}

static void number(Emitter *e, Known *k, const void *value)
{
    if (2 * (k->used + 1) > k->slots) {
        Numbered *old = k->slot;
        size_t count = k->slots;
        k->slots = count ? 2 * count : 4096;
        k->slot = ARENA_ARRAY(e->arena, Numbered, k->slots);
        for (size_t i = 0; i < count; i++)
            if (old[i].turn == k->turn)
                *find(k, old[i].value) = old[i];
    }
    *find(k, value) = (Numbered){ value, (uint32_t)k->used++, k->turn };
}

static void word(Emitter *e, Known *k, uint64_t w)
{
    vec_push(e->arena, &k->words, w);
}

static void reference(Emitter *e, Known *k, const void *value)
{
    const Numbered *slot = find(k, value);
    word(e, k, slot->turn == k->turn ? 2 * (uint64_t)slot->number + 1 : (uintptr_t)value);
}

/* What an instruction has besides type and operands. False: one that kernels are not made of. */
static bool write_details(Emitter *e, Known *k, Val i)
{
    switch (LLVMGetInstructionOpcode(i)) {
    case LLVMRet:
    case LLVMBr:
    case LLVMSwitch:
    case LLVMAdd:
    case LLVMSub:
    case LLVMMul:
    case LLVMUDiv:
    case LLVMSDiv:
    case LLVMURem:
    case LLVMSRem:
    case LLVMShl:
    case LLVMLShr:
    case LLVMAShr:
    case LLVMAnd:
    case LLVMOr:
    case LLVMXor:
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv:
    case LLVMFNeg:
    case LLVMSelect:
    case LLVMExtractElement:
    case LLVMInsertElement:
    case LLVMTrunc:
    case LLVMZExt:
    case LLVMSExt:
    case LLVMFPToUI:
    case LLVMFPToSI:
    case LLVMUIToFP:
    case LLVMSIToFP:
    case LLVMFPTrunc:
    case LLVMFPExt:
    case LLVMBitCast: break;

    case LLVMICmp: word(e, k, LLVMGetICmpPredicate(i)); break;
    case LLVMFCmp: word(e, k, LLVMGetFCmpPredicate(i)); break;
    case LLVMLoad:
    case LLVMStore: word(e, k, LLVMGetAlignment(i)); break;
    case LLVMAlloca:
        word(e, k, LLVMGetAlignment(i));
        word(e, k, (uintptr_t)LLVMGetAllocatedType(i));
        break;
    case LLVMGetElementPtr: word(e, k, (uintptr_t)LLVMGetGEPSourceElementType(i)); break;
    case LLVMCall: word(e, k, (uintptr_t)LLVMGetCalledFunctionType(i)); break;
    case LLVMPHI:
        for (unsigned n = 0; n < LLVMCountIncoming(i); n++)
            reference(e, k, LLVMGetIncomingBlock(i, n));
        break;
    case LLVMShuffleVector:
        for (unsigned n = 0; n < LLVMGetNumMaskElements(i); n++)
            word(e, k, (uint64_t)LLVMGetMaskValue(i, n));
        break;
    default: return false;
    }
    return true;
}

static bool write_instruction(Emitter *e, Known *k, Val i)
{
    int operands = LLVMGetNumOperands(i);
    word(e, k, LLVMGetInstructionOpcode(i));
    word(e, k, (uintptr_t)LLVMTypeOf(i));
    word(e, k, (uint64_t)operands);
    if (!write_details(e, k, i))
        return false;
    for (int n = 0; n < operands; n++) {
        Val operand = LLVMGetOperand(i, (unsigned)n);
        reference(e, k,
                  LLVMValueIsBasicBlock(operand) ? (const void *)LLVMValueAsBasicBlock(operand)
                                                 : (const void *)operand);
    }
    return true;
}

static bool write_function(Emitter *e, Known *k, KnownFunction *f)
{
    if (f->words.len)
        return true;
    k->turn++;
    k->used = k->words.len = 0;
    for (unsigned p = 0; p < LLVMCountParams(f->fn); p++)
        number(e, k, LLVMGetParam(f->fn, p));
    for (Block b = LLVMGetFirstBasicBlock(f->fn); b; b = LLVMGetNextBasicBlock(b)) {
        number(e, k, b);
        for (Val i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            number(e, k, i);
    }
    for (Block b = LLVMGetFirstBasicBlock(f->fn); b; b = LLVMGetNextBasicBlock(b)) {
        for (Val i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            if (!write_instruction(e, k, i))
                return false;
    }
    f->words.data = arena_dup(e->arena, k->words.data, k->words.len * sizeof *k->words.data);
    f->words.len = k->words.len;
    return true;
}

Val function_known(Emitter *e, Val fn, uint64_t key)
{
    if (!e->known)
        e->known = ARENA_NEW(e->arena, Known);
    Known *k = e->known;
    KnownFunction new = { .fn = fn, .key = key };
    for (size_t i = 0; i < k->functions.len; i++) {
        KnownFunction *old = &k->functions.data[i];
        if (old->key != key || !write_function(e, k, old) || !write_function(e, k, &new))
            continue;
        if (old->words.len != new.words.len ||
            memcmp(old->words.data, new.words.data, new.words.len * sizeof *new.words.data)) {
            continue;
        }
        LLVMDeleteFunction(fn);
        return old->fn;
    }
    vec_push(e->arena, &k->functions, new);
    return fn;
}
