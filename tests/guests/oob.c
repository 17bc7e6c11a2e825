/* Reads far outside its memory after a loop without calls. */
#include <stdint.h>

int main(void)
{
    volatile uint32_t sum = 0;
    for (uint32_t i = 0; i < 1000000; i++)
        sum += i;
    return *(volatile int *)(uintptr_t)(0xf0000000u + (sum & 4));
}
