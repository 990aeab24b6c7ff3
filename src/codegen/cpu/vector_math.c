/* vector_math.c: elementary functions on lane vectors, as polynomials in IR: LLVM turns a vector
 * llvm.exp into sixteen calls.
 *
 * Coefficients: minimax fits in the manner of Cephes (Moshier 1989) and Muller, Elementary
 * Functions (2016); erf by the scheme of Juffa. Each is within 2 ulp on the ranges that
 * tests/unit/test_codegen.c samples. NaN stays NaN. */
#include "codegen/cpu/kernels.h"

#define FADD(x_, y_) LLVMBuildFAdd(e->b, (x_), (y_), "")
#define FSUB(x_, y_) LLVMBuildFSub(e->b, (x_), (y_), "")
#define FMUL(x_, y_) LLVMBuildFMul(e->b, (x_), (y_), "")
#define FDIV(x_, y_) LLVMBuildFDiv(e->b, (x_), (y_), "")
#define AS_INT(v) LLVMBuildBitCast(e->b, (v), e->vi, "")
#define AS_FLOAT(v) LLVMBuildBitCast(e->b, (v), e->vf, "")

static Val compare(Emitter *e, LLVMRealPredicate p, Val a, double b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return LLVMBuildFCmp(e->b, p, a, t == e->vf ? vconst(e, b) : splat(e, cd(e, b)), "");
}

static Val absolute(Emitter *e, Val x)
{
    return AS_FLOAT(LLVMBuildAnd(e->b, AS_INT(x), viconst(e, 0x7fffffff), ""));
}

static Val sign_bits(Emitter *e, Val x)
{
    return LLVMBuildAnd(e->b, AS_INT(x), viconst(e, (int32_t)0x80000000), "");
}

static Val with_sign(Emitter *e, Val x, Val sign)
{
    return AS_FLOAT(LLVMBuildOr(e->b, AS_INT(x), sign, ""));
}

/* Horner's scheme, highest coefficient first. */
static Val polynomial(Emitter *e, Val x, const double *c, int n)
{
    bool wide = LLVMTypeOf(x) == e->vd;
    Val p = wide ? splat(e, cd(e, c[0])) : vconst(e, c[0]);
    for (int i = 1; i < n; i++)
        p = vfma(e, p, x, wide ? splat(e, cd(e, c[i])) : vconst(e, c[i]));
    return p;
}

/* 2^n for whole n in -126 .. 127, as bits. */
static Val power_of_two(Emitter *e, Val n)
{
    return AS_FLOAT(
        LLVMBuildShl(e->b, LLVMBuildAdd(e->b, n, viconst(e, 127), ""), viconst(e, 23), ""));
}

Val math_exp(Emitter *e, Val x)
{
    static const double c[] = { 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3,
                                4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1 };
    x = vselect(e, compare(e, LLVMRealOGT, x, 89.0), vconst(e, 89.0), x);
    x = vselect(e, compare(e, LLVMRealOLT, x, -104.0), vconst(e, -104.0), x);
    /* rounds to whole numbers in the low bits */
    Val shifted = vfma(e, x, vconst(e, 1.44269504088896341), vconst(e, 12582912.0));
    Val n = LLVMBuildSub(e->b, AS_INT(shifted), viconst(e, 0x4b400000), "");
    Val whole = FSUB(shifted, vconst(e, 12582912.0));
    Val r = vfma(e, whole, vconst(e, -0.693359375), x);
    r = vfma(e, whole, vconst(e, 2.12194440e-4), r);
    Val p = vfma(e, polynomial(e, r, c, 6), FMUL(r, r), FADD(r, vconst(e, 1.0)));
    /* in two steps, for results beyond 2^127 and below 2^-126 */
    Val half = LLVMBuildAShr(e->b, n, viconst(e, 1), "");
    return FMUL(FMUL(p, power_of_two(e, half)), power_of_two(e, LLVMBuildSub(e->b, n, half, "")));
}

Val math_ln(Emitter *e, Val x)
{
    static const double c[] = { 7.0376836292e-2,  -1.1514610310e-1, 1.1676998740e-1,
                                -1.2420140846e-1, 1.4249322787e-1,  -1.6668057665e-1,
                                2.0000714765e-1,  -2.4999993993e-1, 3.3333331174e-1 };
    Val tiny = compare(e, LLVMRealOLT, x, 1.17549435e-38);
    Val scaled = vselect(e, tiny, FMUL(x, vconst(e, 8388608.0)), x);
    Val bits = AS_INT(scaled);
    Val exponent =
        LLVMBuildSub(e->b, LLVMBuildLShr(e->b, bits, viconst(e, 23), ""), viconst(e, 126), "");
    exponent = LLVMBuildSub(e->b, exponent, vselect(e, tiny, viconst(e, 23), viconst(e, 0)), "");
    Val m = AS_FLOAT(LLVMBuildOr(e->b, LLVMBuildAnd(e->b, bits, viconst(e, 0x007fffff), ""),
                                 viconst(e, 0x3f000000), ""));
    Val low = compare(e, LLVMRealOLT, m, 0.707106781186547524);
    exponent = LLVMBuildSub(e->b, exponent, vselect(e, low, viconst(e, 1), viconst(e, 0)), "");
    Val f = FSUB(vselect(e, low, FADD(m, m), m), vconst(e, 1.0));
    Val n = LLVMBuildSIToFP(e->b, exponent, e->vf, "");
    Val z = FMUL(f, f);
    Val y = FMUL(FMUL(polynomial(e, f, c, 9), f), z);
    y = vfma(e, n, vconst(e, -2.12194440e-4), y);
    y = vfma(e, z, vconst(e, -0.5), y);
    y = vfma(e, n, vconst(e, 0.693359375), FADD(f, y));
    y = vselect(e, compare(e, LLVMRealOEQ, x, __builtin_inf()), x, y);
    y = vselect(e, compare(e, LLVMRealOEQ, x, 0.0), vconst(e, -__builtin_inf()), y);
    return vselect(e, compare(e, LLVMRealUGE, x, 0.0),
                   vselect(e, LLVMBuildFCmp(e->b, LLVMRealUNO, x, x, ""), x, y),
                   vconst(e, __builtin_nan("")));
}

Val math_tanh(Emitter *e, Val x)
{
    static const double c[] = { -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2,
                                1.33314422036e-1, -3.33332819422e-1 };
    Val a = absolute(e, x), z = FMUL(x, x);
    Val small = vfma(e, FMUL(polynomial(e, z, c, 5), z), x, x);
    Val large =
        FSUB(vconst(e, 1.0), FDIV(vconst(e, 2.0), FADD(math_exp(e, FADD(a, a)), vconst(e, 1.0))));
    return vselect(e, compare(e, LLVMRealOLT, a, 0.625), small,
                   with_sign(e, large, sign_bits(e, x)));
}

Val math_sigmoid(Emitter *e, Val x)
{
    return FDIV(vconst(e, 1.0), FADD(vconst(e, 1.0), math_exp(e, LLVMBuildFNeg(e->b, x, ""))));
}

Val math_erf(Emitter *e, Val x)
{
    static const double outer[] = { -1.72853470e-5, 3.83197126e-4 },
                        upper[] = { -3.88396438e-3, 2.42546219e-2 };
    static const double inner[] = { -5.96761703e-4, 4.99119423e-3,  -2.67681349e-2,
                                    1.12819925e-1,  -3.76125336e-1, 1.28379166e-1 };
    Val t = absolute(e, x), s = FMUL(x, x);
    Val r = vfma(e, polynomial(e, t, outer, 2), s, polynomial(e, t, upper, 2));
    r = vfma(e, r, t, vconst(e, -1.06777877e-1));
    r = vfma(e, r, t, vconst(e, -6.34846687e-1));
    r = vfma(e, r, t, vconst(e, -1.28717512e-1));
    r = vfma(e, r, t, LLVMBuildFNeg(e->b, t, ""));
    Val far = with_sign(e, FSUB(vconst(e, 1.0), math_exp(e, r)), sign_bits(e, x));
    far = vselect(e, compare(e, LLVMRealOGT, t, 10.0),
                  with_sign(e, vconst(e, 1.0), sign_bits(e, x)), far);
    return vselect(e, compare(e, LLVMRealOGT, t, 0.927734375), far,
                   vfma(e, polynomial(e, s, inner, 6), x, x));
}

/* Reduced in float64 by multiples of pi / 2, good to about 1e9. */
Val math_sin(Emitter *e, Val x, bool cosine)
{
    static const double s[] = { -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1 };
    static const double c[] = { 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2 };
    Val d = LLVMBuildFPExt(e->b, x, e->vd, ""), magic = splat(e, cd(e, 6755399441055744.0));
    Val shifted = vfma(e, d, splat(e, cd(e, 0.63661977236758134308)), magic);
    Val quadrant = LLVMBuildTrunc(e->b, LLVMBuildBitCast(e->b, shifted, e->vl, ""), e->vi, "");
    Val whole = FSUB(shifted, magic);
    Val r = vfma(e, whole, splat(e, cd(e, -1.57079632679489661923)), d);
    r = vfma(e, whole, splat(e, cd(e, -6.123233995736766e-17)), r);
    r = LLVMBuildFPTrunc(e->b, r, e->vf, "");
    if (cosine)
        quadrant = LLVMBuildAdd(e->b, quadrant, viconst(e, 1), "");
    Val z = FMUL(r, r);
    Val sine = vfma(e, FMUL(polynomial(e, z, s, 3), z), r, r);
    Val cosn =
        vfma(e, FMUL(polynomial(e, z, c, 3), z), z, vfma(e, z, vconst(e, -0.5), vconst(e, 1.0)));
    Val odd = LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildAnd(e->b, quadrant, viconst(e, 1), ""),
                            viconst(e, 0), "");
    Val flip =
        LLVMBuildShl(e->b, LLVMBuildAnd(e->b, quadrant, viconst(e, 2), ""), viconst(e, 30), "");
    return AS_FLOAT(LLVMBuildXor(e->b, AS_INT(vselect(e, odd, cosn, sine)), flip, ""));
}

#define WIDE(x_) splat(e, cd(e, (x_)))
#define WIDE_INT(x_) splat(e, c64(e, (x_)))
#define AS_WIDE(v) LLVMBuildBitCast(e->b, (v), e->vd, "")
#define AS_WIDE_INT(v) LLVMBuildBitCast(e->b, (v), e->vl, "")

/* ln x of float64 x > 0: x = 2^n m, ln m = 2 artanh((m - 1) / (m + 1)). */
static Val wide_ln(Emitter *e, Val x)
{
    static const double c[] = { 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3 };
    Val bits = AS_WIDE_INT(x);
    Val exponent = LLVMBuildTrunc(e->b, LLVMBuildLShr(e->b, bits, WIDE_INT(52), ""), e->vi, "");
    exponent = LLVMBuildSub(e->b, exponent, viconst(e, 1023), "");
    Val m = LLVMBuildOr(e->b, LLVMBuildAnd(e->b, bits, WIDE_INT(0xfffffffffffff), ""),
                        WIDE_INT(0x3ff0000000000000), "");
    m = AS_WIDE(m);
    Val big = compare(e, LLVMRealOGT, m, 1.41421356237309504880);
    m = vselect(e, big, FMUL(m, WIDE(0.5)), m);
    exponent = LLVMBuildAdd(e->b, exponent, vselect(e, big, viconst(e, 1), viconst(e, 0)), "");

    Val one = WIDE(1.0);
    Val s = FDIV(FSUB(m, one), FADD(m, one)), z = FMUL(s, s);
    Val ln = vfma(e, FMUL(polynomial(e, z, c, 7), z), s, FADD(s, s));
    return vfma(e, LLVMBuildSIToFP(e->b, exponent, e->vd, ""), WIDE(0.69314718055994530942), ln);
}

/* e^p of float64 p, kept between e^-200 and e^200. */
static Val wide_exp(Emitter *e, Val p)
{
    static const double c[] = { 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                1.0 / 720,     1.0 / 120,    1.0 / 24,    1.0 / 6,
                                0.5,           1.0,          1.0 };
    p = vselect(e, compare(e, LLVMRealOGT, p, 200.0), WIDE(200.0), p);
    p = vselect(e, compare(e, LLVMRealOLT, p, -200.0), WIDE(-200.0), p);
    Val magic = WIDE(6755399441055744.0); /* rounds to whole numbers in the low bits */
    Val shifted = vfma(e, p, WIDE(1.44269504088896340736), magic), whole = FSUB(shifted, magic);
    Val r = vfma(e, whole, WIDE(-0.69314718055994530942), p);
    Val exponent = LLVMBuildAdd(e->b, AS_WIDE_INT(shifted), WIDE_INT(1023), "");
    Val scale = AS_WIDE(LLVMBuildShl(e->b, exponent, WIDE_INT(52), ""));
    return FMUL(polynomial(e, r, c, 11), scale);
}

/* |a|^b as `result` says, where it is not 0^b or inf^b. */
static Val power_of_ends(Emitter *e, Val size, Val b, Val result)
{
    Val rising = compare(e, LLVMRealOGT, b, 0.0);
    Val infinite = vconst(e, __builtin_inf()), zero = vconst(e, 0.0);
    result =
        vselect(e, compare(e, LLVMRealOEQ, size, 0.0), vselect(e, rising, zero, infinite), result);
    return vselect(e, compare(e, LLVMRealOEQ, size, __builtin_inf()),
                   vselect(e, rising, infinite, zero), result);
}

/* The sign of a where b is odd, NaN for a negative a and a b that is not whole. */
static Val power_of_negative(Emitter *e, Val a, Val b, Val result)
{
    Val floor_b = call_intrinsic(e, "llvm.floor", e->vf, 1, &b), half = FMUL(b, vconst(e, 0.5));
    Val whole_b = LLVMBuildFCmp(e->b, LLVMRealOEQ, floor_b, b, "");
    Val odd =
        LLVMBuildAnd(e->b, whole_b,
                     LLVMBuildFCmp(e->b, LLVMRealUNE,
                                   call_intrinsic(e, "llvm.floor", e->vf, 1, &half), half, ""),
                     "");
    Val negative = compare(e, LLVMRealOLT, a, 0.0);
    result =
        vselect(e, LLVMBuildAnd(e->b, negative, odd, ""), LLVMBuildFNeg(e->b, result, ""), result);
    return vselect(e, LLVMBuildAnd(e->b, negative, LLVMBuildNot(e->b, whole_b, ""), ""),
                   vconst(e, __builtin_nan("")), result);
}

/* exp(b ln |a|) in float64. */
Val math_pow(Emitter *e, Val a, Val b)
{
    Val x = LLVMBuildFPExt(e->b, absolute(e, a), e->vd, ""), y = LLVMBuildFPExt(e->b, b, e->vd, "");
    Val result = LLVMBuildFPTrunc(e->b, wide_exp(e, FMUL(wide_ln(e, x), y)), e->vf, "");
    result = power_of_ends(e, absolute(e, a), b, result);
    result = power_of_negative(e, a, b, result);
    Val unordered = LLVMBuildFCmp(e->b, LLVMRealUNO, a, b, "");
    result = vselect(e, unordered, vconst(e, __builtin_nan("")), result);
    return vselect(e, compare(e, LLVMRealOEQ, b, 0.0), vconst(e, 1.0), result);
}
