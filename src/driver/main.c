/* main.c: the entry point of nnc; everything else is in the library, where tests can reach it. */
#include "driver/driver.h"

int main(int argc, char **argv)
{
    return driver_main(argc, argv);
}
