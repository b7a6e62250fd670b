/* Commands to a TPM and answers from it over one descriptor that stays open: the kernel's device, or a
 * software TPM on a loopback or Unix socket. In place of tpm2-tss' own loaders, which connect anew for each
 * command (a confined keeper cannot), load libraries by name and wait without end. An answer that takes
 * longer than AK_TPM2_WAIT_MS, or is longer than a command may be, ends the connection. One thread. */
#ifndef AK_IO_TEE_TPM2_WIRE_H
#define AK_IO_TEE_TPM2_WIRE_H

#include <tss2/tss2_tcti.h>

#include "base/err.h"

enum { AK_TPM2_WAIT_MS = 8000, AK_TPM2_MESSAGE_MAX = 4096, AK_TPM2_HEADER_LEN = 10 };

struct tpm2_wire {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first */
    int fd;                             /* owned; -1: closed, also after a failure */
};

/* "device:/dev/…", "swtpm:path=/…", "swtpm:host=127.…,port=…". AK_E_FORMAT, AK_E_IO. */
AK_MUST_USE enum ak_err tpm2_wire_open(struct tpm2_wire *wire, const char *where);
void tpm2_wire_close(struct tpm2_wire *wire);
/* Over a descriptor that is there already, which it owns; for tests. */
void tpm2_wire_init(struct tpm2_wire *wire, int fd);

#endif
