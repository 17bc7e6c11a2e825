/*
 * clock.h — what time it is, and how long something took. Native only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/def.h"

uint64_t clock_unix_ns(void); /* wall clock, nanoseconds since 1970 */
uint64_t clock_mono_us(void); /* never goes back; microseconds since some start */
uint64_t clock_mono_ms(void);
void clock_sleep_ms(uint64_t ms);

#endif
