/* The subcommands of agentkeys, one file a noun; each returns an exit status. */
#ifndef AK_PROGRAMS_CLI_COMMANDS_H
#define AK_PROGRAMS_CLI_COMMANDS_H

#include "programs/command/cli.h"

extern const struct ak_cli_program ak_cli_agentkeys;

int ak_cmd_up(struct ak_cli *cli);
int ak_cmd_init(struct ak_cli *cli);
int ak_cmd_link(struct ak_cli *cli);
int ak_cmd_unlink(struct ak_cli *cli);
int ak_cmd_links(struct ak_cli *cli);
int ak_cmd_recover(struct ak_cli *cli);
int ak_cmd_whoami(struct ak_cli *cli);
int ak_cmd_status(struct ak_cli *cli);
int ak_cmd_logout(struct ak_cli *cli);
int ak_cmd_pair_list(struct ak_cli *cli);
int ak_cmd_pair_approve(struct ak_cli *cli);
int ak_cmd_pair_refuse(struct ak_cli *cli);
int ak_cmd_pair_invite(struct ak_cli *cli);
int ak_cmd_agents_list(struct ak_cli *cli);
int ak_cmd_agents_show(struct ak_cli *cli);
int ak_cmd_agents_suspend(struct ak_cli *cli);
int ak_cmd_agents_resume(struct ak_cli *cli);
int ak_cmd_agents_rotate(struct ak_cli *cli);
int ak_cmd_agents_policy(struct ak_cli *cli);
int ak_cmd_agents_decommission(struct ak_cli *cli);
int ak_cmd_device_list(struct ak_cli *cli);
int ak_cmd_device_add(struct ak_cli *cli);
int ak_cmd_device_remove(struct ak_cli *cli);
int ak_cmd_account_show(struct ak_cli *cli);
int ak_cmd_account_suspend(struct ak_cli *cli);
int ak_cmd_account_resume(struct ak_cli *cli);
int ak_cmd_account_cancel(struct ak_cli *cli);
int ak_cmd_account_seen(struct ak_cli *cli);
int ak_cmd_sign(struct ak_cli *cli);
int ak_cmd_address(struct ak_cli *cli);
int ak_cmd_lineage(struct ak_cli *cli);
int ak_cmd_oidc(struct ak_cli *cli);
int ak_cmd_issuer_thumbprint(struct ak_cli *cli);
int ak_cmd_issuer_publish(struct ak_cli *cli);
int ak_cmd_explain(struct ak_cli *cli);
int ak_cmd_audit_list(struct ak_cli *cli);
int ak_cmd_audit_show(struct ak_cli *cli);
int ak_cmd_audit_export(struct ak_cli *cli);
int ak_cmd_audit_verify(struct ak_cli *cli);
int ak_cmd_audit_proof(struct ak_cli *cli);
int ak_cmd_attest(struct ak_cli *cli);
int ak_cmd_attest_verify(struct ak_cli *cli);
int ak_cmd_store(struct ak_cli *cli);
int ak_cmd_read(struct ak_cli *cli);
int ak_cmd_run(struct ak_cli *cli);
int ak_cmd_credentials_list(struct ak_cli *cli);
int ak_cmd_credentials_rollback(struct ak_cli *cli);
int ak_cmd_credentials_delete(struct ak_cli *cli);
int ak_cmd_recovery_share(struct ak_cli *cli);
int ak_cmd_trust_show(struct ak_cli *cli);
int ak_cmd_trust_change(struct ak_cli *cli);
int ak_cmd_epoch_list(struct ak_cli *cli);
int ak_cmd_epoch_rotate(struct ak_cli *cli);
int ak_cmd_epoch_destroy(struct ak_cli *cli);
int ak_cmd_service_define(struct ak_cli *cli);
int ak_cmd_service_list(struct ak_cli *cli);
int ak_cmd_service_show(struct ak_cli *cli);
int ak_cmd_import(struct ak_cli *cli);
int ak_cmd_export(struct ak_cli *cli);
int ak_cmd_export_key(struct ak_cli *cli);
int ak_cmd_doctor(struct ak_cli *cli);
int ak_cmd_version(struct ak_cli *cli);

#endif
