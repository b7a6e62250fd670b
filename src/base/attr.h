/* Names for the compiler attributes the code relies on: must-use results, cleanup at scope exit, formats. */
#ifndef AK_BASE_ATTR_H
#define AK_BASE_ATTR_H

#define AK_MUST_USE           __attribute__((warn_unused_result))
#define AK_NONNULL            __attribute__((nonnull))
#define AK_CLEANUP(fn)        __attribute__((cleanup(fn)))
#define AK_UNUSED             __attribute__((unused))
#define AK_NORETURN           __attribute__((noreturn))
#define AK_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define AK_COUNT(array)       (sizeof(array) / sizeof((array)[0]))

#endif
