/* An SQLite VFS over the real one that counts writes and syncs, fails from a given one on, knows a full disk,
 * and can leave the files as a power cut would: what was synced, and of the rest what chance kept. */
#ifndef AK_TESTS_UNIT_IO_STORE_FAULT_VFS_H
#define AK_TESTS_UNIT_IO_STORE_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

struct fault {
    unsigned op;        /* writes, truncates and syncs so far */
    unsigned crash_at;  /* from this one on everything fails; 0: never */
    unsigned sync_fail; /* this sync (counted alone) fails once; 0: none */
    unsigned syncs;
    uint64_t quota;      /* bytes of all files with the reserve; 0: none */
    const char *reserve; /* path of the reserve file */
    bool torn; /* a write may damage what stands beside it in its sector: SQLite pads, nothing is joined */
};
/* The one fault that the VFS "ak-fault" knows. */
extern struct fault fault;

/* What of the unsynced writes a power cut leaves. */
enum fault_keep { FAULT_KEEP_NONE, FAULT_KEEP_ALL, FAULT_KEEP_SOME };

void fault_register(void);
/* Forgets faults and files; before a run. */
void fault_reset(void);
/* Makes the real files what a power cut left; after the store was closed. */
void fault_power_cut(enum fault_keep keep, uint64_t seed);

#endif
