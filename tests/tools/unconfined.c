/* Loaded into a program before its libraries, for tests alone: no filter of calls is put in force and no
 * files are taken away, so that LeakSanitizer can stop the threads and read /proc at the program's end. The
 * programs themselves have no such switch. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

typedef long call(long number, ...);

int seccomp_load(const void *ctx);
long syscall(long number, ...);

__attribute__((visibility("default"))) int seccomp_load(const void *ctx)
{
    (void)ctx;
    return 0;
}

__attribute__((visibility("default"))) long syscall(long number, ...)
{
    static call *next;
    long arguments[6];
    va_list list;
    if (number == SYS_landlock_restrict_self) return 0;
    if (!next) *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    va_start(list, number);
    for (size_t i = 0; i < 6; i++) arguments[i] = va_arg(list, long); /* as many as the kernel takes */
    va_end(list);
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
