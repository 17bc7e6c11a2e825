/* Ends in an instruction that WebAssembly forbids, three calls deep; main would be inlined. */
__attribute__((noinline)) static int third(int *p)
{
    if (*p != 12345)
        __builtin_trap();
    return *p;
}

__attribute__((noinline)) static int second(int *p)
{
    *p += 1;
    return third(p) + 1;
}

int main(void)
{
    volatile int n = 1;
    int copy = n;
    return second(&copy);
}
