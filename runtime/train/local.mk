# runtime/train/local.mk: one training: its loop, its epochs, its checkpoints
libnnrt_a_SOURCES += \
    runtime/train/checkpoint.c \
    runtime/train/checkpoint.h \
    runtime/train/checkpoint_parts.h \
    runtime/train/progress.c \
    runtime/train/progress.h \
    runtime/train/train.c \
    runtime/train/train.h \
    runtime/train/train_epoch.c \
    runtime/train/train_fail.c
