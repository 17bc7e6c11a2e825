/* Fails as a program does: a line on stderr, something already on stdout, exit code 1. */
#include <stdio.h>

int main(void)
{
    printf("half a result");
    fflush(stdout);
    fprintf(stderr, "the city 'Atlantis' was not found\n");
    return 1;
}
