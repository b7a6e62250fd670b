/* The worker's entry points: one binary, several processes and subcommands. Each returns an exit status. */
#ifndef AK_PROGRAMS_WORKER_ROLES_H
#define AK_PROGRAMS_WORKER_ROLES_H

/* Processes, started by the supervisor with descriptors at fixed numbers (io/proc/spawn.h). */
int ak_keeper_main(void);
int ak_gateway_main(void);
int ak_reencryptor_main(void);

/* Subcommands, with argv[0] the program's name and the subcommand taken out. */
int ak_worker_serve(int argc, char **argv);
int ak_worker_check_config(int argc, char **argv);
int ak_worker_init(int argc, char **argv);
int ak_worker_ledger(int argc, char **argv);
int ak_worker_issuer(int argc, char **argv);
int ak_worker_evidence(int argc, char **argv);
int ak_worker_restore(int argc, char **argv);

/* Descriptors of the gateway, from AK_FD_FIRST on; those that are not there are not open. The keeper has the
 * other end of the signing channel at AK_FD_FIRST. */
enum {
    AK_GATEWAY_FD_TCP,
    AK_GATEWAY_FD_UNIX,
    AK_GATEWAY_FD_OPERATOR,
    AK_GATEWAY_FD_BROKER,
    AK_GATEWAY_FD_TLS_SIGN,
    AK_GATEWAY_FD_WARNING, /* a byte wakes the ledger's writer */
    AK_GATEWAY_FD_COUNT
};
/* The development secret is 64 hex characters in a sealed memory file; open only where the variable was set.
 */
enum { AK_KEEPER_FD_TLS_SIGN, AK_KEEPER_FD_DEV_SECRET, AK_KEEPER_FD_REENCRYPT, AK_KEEPER_FD_WARNING };

#endif
