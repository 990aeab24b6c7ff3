# runtime/train/local.mk: one training: its loop, its epochs, its checkpoints
libnnrt_a_SOURCES += \
    runtime/train/checkpoint.h \
    runtime/train/checkpoint_file.c \
    runtime/train/checkpoint_resume.c \
    runtime/train/checkpoint_session.c \
    runtime/train/checkpoint_training.c \
    runtime/train/progress.c \
    runtime/train/progress.h \
    runtime/train/train.c \
    runtime/train/train.h \
    runtime/train/train_average.c \
    runtime/train/train_diverged.c \
    runtime/train/train_measure.c \
    runtime/train/train_report.c \
    runtime/train/train_result.c \
    runtime/train/train_rules.c \
    runtime/train/train_setup.c \
    runtime/train/training.h \
    runtime/train/training_state.c \
    runtime/train/training_state.def \
    runtime/train/training_state.h
