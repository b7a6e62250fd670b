/* The two clocks, the only place that reads them. Logic takes time as an argument (I16). */
#ifndef AK_IO_PROC_CLOCK_H
#define AK_IO_PROC_CLOCK_H

#include <stdint.h>

uint64_t ak_clock_wall_ms(void); /* Unix time; may step */
uint64_t ak_clock_mono_ms(void); /* never goes back within a boot */
uint64_t ak_clock_mono_ns(void);

#endif
