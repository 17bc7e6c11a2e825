/* Tries to reach what a guest must not reach; prints what it got, one letter for each attempt. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    struct stat st;
    putchar(open("/etc/passwd", O_RDONLY) < 0 ? '-' : 'F');
    putchar(open("x", O_CREAT | O_WRONLY, 0600) < 0 ? '-' : 'W');
    putchar(stat("/", &st) < 0 ? '-' : 'S');
    putchar(write(3, "x", 1) < 0 ? '-' : '3');
    putchar(lseek(0, 0, SEEK_END) < 0 ? '-' : 'L');
    return 0;
}
