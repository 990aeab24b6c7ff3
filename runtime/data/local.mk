# runtime/data/local.mk: sources, labels, splits, scaling, augmentation, feed
libnnrt_a_SOURCES += \
    runtime/data/array.c \
    runtime/data/array.h \
    runtime/data/augment.c \
    runtime/data/augment.h \
    runtime/data/characters.c \
    runtime/data/csv.c \
    runtime/data/csv.h \
    runtime/data/csv_text.c \
    runtime/data/data.h \
    runtime/data/dataset.c \
    runtime/data/dataset.h \
    runtime/data/digits.c \
    runtime/data/feed.c \
    runtime/data/feed.h \
    runtime/data/generate.c \
    runtime/data/generate.h \
    runtime/data/idx.c \
    runtime/data/images.c \
    runtime/data/labels.c \
    runtime/data/labels.h \
    runtime/data/npy.c \
    runtime/data/opened.c \
    runtime/data/opened.h \
    runtime/data/parts.h \
    runtime/data/picture.c \
    runtime/data/picture.h \
    runtime/data/scale.c \
    runtime/data/source.c \
    runtime/data/source.h \
    runtime/data/split.c \
    runtime/data/views.c \
    runtime/data/views.h
