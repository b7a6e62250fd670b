/* The subcommands of agentkeys. Help, man page and completion come from here. */
#include "programs/cli/commands.h"
#include "programs/command/approve.h"
#include "programs/command/minting.h"
#include "programs/command/signing.h"
#include "programs/command/vault.h"

#define WIRE(method_path) "the wire's answer of " method_path

static const struct ak_cli_option init_options[] = {
    {"email", "ADDRESS", "Sign in by a mail, through the broker."},
    {"oauth2", "PROVIDER", "Sign in at a provider of the broker's, such as google."},
    {"wallet", "0xADDRESS",
        "Sign in by a wallet of one's own, through the broker; the signature comes on standard input."},
    {"text-file", "FILE", "With --wallet: where to write the text to be signed, in place of showing it."},
    {"local", "TYPE:VALUE", "The identity, over the operator socket on the worker's machine."},
    {"name", "NAME", "Name of this device in lists; default: the host's name."},
    {"recovery-code-file", "FILE",
        "For an account of one's own, from a new device: the recovery code shortens the wait."},
};
static const struct ak_cli_option link_options[] = {
    {"email", "ADDRESS", "A mail address: its person opens the mail's link and types the code."},
    {"oauth2", "PROVIDER", "At a provider of the broker's, such as google: whoever signs in there."},
    {"wallet", "0xADDRESS", "A wallet of one's own; the signature comes on standard input."},
    {"text-file", "FILE", "With --wallet: where to write the text to be signed, in place of showing it."},
    {"derived", NULL,
        "The account's own address, which the worker derives: it signs in, and recovers nothing."},
};
static const struct ak_cli_option recover_options[] = {
    {"email", "ADDRESS", "On a new device: sign in by a mail; with --wallet too, no device cancels it."},
    {"oauth2", "PROVIDER", "On a new device: sign in at a provider of the broker's."},
    {"wallet", "0xADDRESS", "On a new device: sign in by a wallet; the signature comes on standard input."},
    {"text-file", "FILE", "With --wallet: where to write the text to be signed, in place of showing it."},
    {"recovery-code-file", "FILE", "With the recovery code it waits a day, and no device cancels it."},
    {"name", "NAME", "Name of this device in lists; default: the host's name."},
    {"new-code", NULL,
        "On a device of the account: another recovery code in the place of one that was lost; at once with "
        "--recovery-code-file, else after the waiting time."},
    {"cancel", NULL, "On a device of the account: end the recovery that waits."},
    {"seen", NULL, "On a device of the account: let it go on; it is then ready after the shorter time."},
    {"device", "ID", "With --cancel or --seen: the new device, where several recoveries wait."},
};
static const struct ak_cli_option grant_options[] = {
    {"scope", "ITEMS", "What it may do: items separated by commas, such as openrouter,cap:sign-message."},
    {"rate", "RATE", "Uses a minute, such as 100/min."},
    {"valid-for", "DURATION", "Until when, such as 30d; ever is without end."},
};
static const struct ak_cli_option policy_options[] = {
    {"scope", "ITEMS", "The whole scope, or changes of it: +cap:sign-message,-openrouter."},
    {"rate", "RATE", "Uses a minute, such as 50/min; the debt stays."},
    {"valid-for", "DURATION", "Until when from now on, such as 30d; ever takes the end away."},
};
static const struct ak_cli_option device_add_options[] = {
    {"name", "NAME", "Name of the new device, shown to the one that approves."},
    AK_CLI_WAIT,
};
static const struct ak_cli_option recovery_options[] = {
    {"recovery-code-file", "FILE", "File with the recovery code, which confirms at once."},
};
static const struct ak_cli_option cancel_options[] = {
    {"what", "KIND",
        "device-remove, account-resume, recovery-code, identity-unlink, sign-in or trust-change, where "
        "several "
        "wait."},
    {"device", "ID", "The device whose removal waits."},
};
static const struct ak_cli_option share_options[] = {
    {"open", "FILE", "Your share, as agentkeys-worker init wrote it for you."},
    {"key", "FILE", "The private key of your certificate, PEM."},
    {"for", "FILE", "The restoring worker's request."},
    {"policy", "FILE", "Which machines are accepted, as JSON; the request's evidence must be one of them."},
    {"out", "FILE", "Where the reply goes; it opens on the restoring worker alone."},
};
static const struct ak_cli_option trust_options[] = {
    {"issuer", "URL", "The issuer of tokens and host of sign-in texts."},
    {"recovery-wait", "DURATION", "The waiting time, such as 7d."},
    {"recovery-wait-code", "DURATION", "The same with the recovery code, such as 24h."},
    {"operators", "LIST",
        "All accounts that may change this: anchors or email:alice@demo.example, with commas."},
    {"ek-roots", "FILE", "Certificates of TPM makers, PEM, in place of those that are trusted."},
    {"broker-key", "FILE", "The broker's public key (JWK), whose word counts for e-mail."},
    {"broker-url", "URL", "The origin of the broker, not the setting of that name."},
    {"identity-providers", "LIST",
        "OAuth2 providers: NAME ISSUER CLIENT_ID, with commas; those left out are retired."},
};
static const struct ak_cli_option sign_options[] = {
    AK_CLI_MESSAGE_TEXT,
    AK_CLI_MESSAGE_HEX,
    AK_CLI_MESSAGE_FILE,
    {"path", "PATH", "An agent's path; default: the account's own key."},
    {"v27", NULL, "Recovery byte 27 or 28, as some contracts want it."},
};
static const struct ak_cli_option path_options[] = {
    {"path", "PATH", "An agent's path; default: the account's own key."},
};
static const struct ak_cli_option lineage_options[] = {
    {"verify", "FILE", "Check a statement that --json printed, without the worker."},
};
static const struct ak_cli_option oidc_options[] = {AK_CLI_AUD};
static const struct ak_cli_option explain_options[] = {
    {"operation", "NAME", "sign-message, sign-siwe, derive-address, oidc, or a service's name."},
    AK_CLI_MESSAGE_TEXT,
    AK_CLI_MESSAGE_HEX,
    AK_CLI_MESSAGE_FILE,
    {"path", "PATH", "The agent that would ask."},
    {"domain", "HOST", "The site, with --operation sign-siwe."},
    {"aud", "AUDIENCE", "Who would take the token, with --operation oidc."},
    {"exit-code", NULL, "Exit with 3 where it would be denied."},
};
static const struct ak_cli_option list_options[] = {
    {"since", "INDEX", "First index to look at."},
    {"type", "TYPE", "Entries of one type, such as MessageSigned."},
    {"path", "PATH", "Entries of one agent."},
    {"limit", "COUNT", "At most so many; default: all."},
};
static const struct ak_cli_option verify_options[] = {
    {"checkpoint", "FILE", "An earlier checkpoint: the file must not have been rewritten since."},
    {"consistency", "FILE",
        "The worker's proof that the log only grew since then; needed for an account's part."},
    {"receipt", "INDEX:HASH", "An entry that an answer named: it must be there."},
    {"key", "HEX", "The ledger's key; default: the one fixed at enrolment."},
};

static const struct ak_cli_option attest_worker_options[] = {
    {"enrol", NULL,
        "Forget what was fixed and compare anew, after a wanted change of machine, image or config."},
};
static const struct ak_cli_option attest_options[] = {
    {"kind", "KIND", "What FILE is: snp, nitro, tdx, sgx, tpm or tpm-certify."},
    {"at", "TIME",
        "When everything has to be valid: 2026-01-31T12:00:00Z or seconds since 1970; default: now."},
    {"policy", "FILE", "What is accepted, as JSON; default: nothing is, and the verdict says what there is."},
    {"certificate", "FILE", "Certificate of the key that signed (snp: VCEK or VLEK; tpm: AK), DER or PEM."},
    {"chain", "FILE", "Certificates from that one's issuer up to its maker's root, PEM or DER."},
    {"signature", "FILE", "The signature beside FILE (tpm, tpm-certify)."},
    {"ak-public", "FILE", "The TPM's attestation key as the TPM gives it (tpm, tpm-certify)."},
    {"pcrs", "FILE", "Values of the quoted PCRs, one behind the other (tpm)."},
    {"tcb-info", "FILE", "Intel's TCB info (tdx, sgx)."},
    {"qe-identity", "FILE", "Intel's identity of the quoting enclave (tdx, sgx)."},
    {"tcb-chain", "FILE", "Certificates of the key that signed those two (tdx, sgx)."},
    {"pck-crl", "FILE", "Intel's revoked platform certificates (tdx, sgx)."},
    {"root-crl", "FILE", "What Intel's root revoked (tdx, sgx)."},
};

static const struct ak_cli_option store_options[] = {
    {"file", "FILE", "The value from a file, byte for byte; - is standard input."},
    AK_CLI_VAULT_PATH,
};
static const struct ak_cli_option read_options[] = {
    {"reveal", NULL, "Print the value; without it nothing is read."},
    {"version-number", "NUMBER", "An older version that is kept; default: the current one."},
    AK_CLI_VAULT_PATH,
};
static const struct ak_cli_option run_options[] = {AK_CLI_ENV};
static const struct ak_cli_option rollback_options[] = {
    {"version-number", "NUMBER", "The version that becomes current again; the last three are kept."},
    AK_CLI_VAULT_PATH,
};
static const struct ak_cli_option delete_options[] = {AK_CLI_VAULT_PATH};
static const struct ak_cli_option epoch_options[] = {
    {"wait", "DURATION", "Show how many values are left in the old epoch, at most so long, such as 60s."},
};
static const struct ak_cli_option import_options[] = {
    {"format", "FORMAT", "env, json or vault; default: by the look of it."},
    {"dry-run", NULL, "Show what would be stored, ask no worker."},
    {"key-file", "FILE", "The file is an export, and this is its key."},
    AK_CLI_VAULT_PATH,
};
static const struct ak_cli_option export_options[] = {
    {"to", "KEY", "The public key that it is sealed to, as export-key prints it."},
};
static const struct ak_cli_option define_options[] = {
    {"hosts", "HOSTS", "Where the credential may go, separated by commas."},
    {"methods", "METHODS", "With which methods; default: GET,POST."},
    {"paths", "PREFIXES", "Below which paths; default: /."},
    {"inject", "HOW", "header, basic, query or sigv4; default: header."},
    {"template", "TEXT",
        "The header or parameter, {value} stands for the value; default: Authorization: Bearer {value}."},
};

static const struct ak_cli_command commands[] = {
    {"up", NULL, "", 0, 0,
        "Run a worker and its broker on this machine, in the foreground; takes the options of both. "
        "--broker off goes without.",
        "agentkeys up --mail-url smtps://mail.example.org --mail-from keys@example.org",
        "one line before they start, with broker_url where there is a broker; their log follows on stderr",
        NULL, 0, ak_cmd_up, true},
    {"init", NULL, "", 0, 0,
        "Sign in by a mail, at a provider, by a wallet, or on the worker's own machine; opens the account "
        "where it is new, and "
        "begins "
        "its recovery on a device that is none of it.",
        "agentkeys init --email alice@demo.example",
        "anchor, identity, wallet_address, device, device_count, account_new, expires_at, wallet_signs_in, "
        "and recovery_code "
        "for a new "
        "account",
        AK_CLI_OPTIONS(init_options), .run = ak_cmd_init},
    {"recover", NULL, "", 0, 0,
        "Show what waits for the account and who recovers it, end that, or renew the recovery code; or, on a "
        "new device, begin and finish the recovery of an account of one's own.",
        "agentkeys recover --email alice@demo.example --recovery-code-file FILE",
        WIRE(
            "GET /v1/recovery") "; on a new device state, ready_at, anchor, identity, and in the end that of "
                                "init; with --cancel, --seen or --new-code that of POST /v1/recovery/..., "
                                "and recovery_code once that is a "
                                "new one",
        AK_CLI_OPTIONS(recover_options), .run = ak_cmd_recover},
    {"link", NULL, "", 0, 0, "Let one more identity sign in to the account; asked for by the broker.",
        "agentkeys link --email alice@work.example", WIRE("POST /v1/wallet/link"),
        AK_CLI_OPTIONS(link_options), .run = ak_cmd_link},
    {"unlink", NULL, "IDENTITY", 1, 1,
        "End what an identity may; one that can recover the account goes after a waiting time, unless a "
        "second "
        "device or the recovery code confirms.",
        "agentkeys unlink alice@work.example", WIRE("POST /v1/wallet/unlink"),
        AK_CLI_OPTIONS(recovery_options), .run = ak_cmd_unlink},
    {"links", NULL, "", 0, 0, "List the identities that sign in to the account.", "agentkeys links",
        WIRE("GET /v1/wallet/links"), .run = ak_cmd_links},
    {"whoami", NULL, "", 0, 0, "Show who is signed in, and by which identities one may.", "agentkeys whoami",
        WIRE("GET /v1/account") "; identities is that of GET /v1/wallet/links, where the broker answers",
        .run = ak_cmd_whoami},
    {"status", NULL, "", 0, 0, "Show whether worker and broker are ready and how long the session lasts.",
        "agentkeys status",
        "the worker's answer to GET /readyz, and in broker the broker's, null where none answers",
        .run = ak_cmd_status},
    {"logout", NULL, "", 0, 0, "End the session and erase its token.", "agentkeys logout",
        WIRE("POST /v1/logout"), .run = ak_cmd_logout},
    {"pair", "list", "[CODE]", 0, 1, "Show requests that name this account, or the one with this code.",
        "agentkeys pair list ABCD-EFGH", WIRE("GET /v1/pair"), .run = ak_cmd_pair_list},
    {"pair", "approve", "CODE", 1, 1, "Show what an agent asks for, and approve exactly that or less.",
        "agentkeys pair approve ABCD-EFGH --scope openrouter,cap:sign-message --rate 100/min --valid-for 30d",
        WIRE("POST /v1/pair/approve"), AK_CLI_OPTIONS(grant_options), .run = ak_cmd_pair_approve},
    {"pair", "refuse", "CODE", 1, 1, "Refuse a request.", "agentkeys pair refuse ABCD-EFGH",
        WIRE("POST /v1/pair/refuse"), .run = ak_cmd_pair_refuse},
    {"pair", "invite", "LABEL", 1, 1, "Make a code that works once, for an agent that starts unattended.",
        "agentkeys pair invite agent-2 --scope cap:sign-message --rate 10/min --valid-for 7d",
        WIRE("POST /v1/pair/invite"), AK_CLI_OPTIONS(grant_options), .run = ak_cmd_pair_invite},
    {"agents", "list", "", 0, 0, "List the agents of the account.", "agentkeys agents list",
        WIRE("GET /v1/agents") ", a line a page", .run = ak_cmd_agents_list},
    {"agents", "show", "LABEL", 1, 1, "Show one agent.", "agentkeys agents show agent-1",
        WIRE("GET /v1/agents/{label}"), .run = ak_cmd_agents_show},
    {"agents", "suspend", "LABEL", 1, 1, "Stop an agent at once.", "agentkeys agents suspend agent-1",
        WIRE("POST /v1/agents/{label}/suspend"), .run = ak_cmd_agents_suspend},
    {"agents", "resume", "LABEL", 1, 1, "Let a suspended agent act again, as before.",
        "agentkeys agents resume agent-1", WIRE("POST /v1/agents/{label}/resume"),
        .run = ak_cmd_agents_resume},
    {"agents", "rotate", "LABEL", 1, 1, "Give an agent a new key; the old one never signs again.",
        "agentkeys agents rotate agent-1", WIRE("POST /v1/agents/{label}/rotate"),
        .run = ak_cmd_agents_rotate},
    {"agents", "policy", "LABEL", 1, 1, "Change what an agent may do, how often, how long.",
        "agentkeys agents policy agent-1 --scope +cap:sign-message,-openrouter --rate 50/min",
        WIRE("POST /v1/agents/{label}/policy"), AK_CLI_OPTIONS(policy_options), .run = ak_cmd_agents_policy},
    {"agents", "decommission", "LABEL", 1, 1, "End an agent for good; its label is never given again.",
        "agentkeys agents decommission agent-1", WIRE("POST /v1/agents/{label}/decommission"),
        .run = ak_cmd_agents_decommission},
    {"device", "list", "", 0, 0, "List the devices that act for the account.", "agentkeys device list",
        WIRE("GET /v1/devices"), .run = ak_cmd_device_list},
    {"device", "add", "[CODE]", 0, 1,
        "On a new device: ask to join --account as --name. On an enrolled one: approve the CODE that it "
        "shows.",
        "agentkeys device add --account ANCHOR --name laptop",
        "on the new device " WIRE("POST /v1/devices") ", then that of GET /v1/pair/{id} without its token; "
                                                      "on the other " WIRE("POST /v1/pair/approve"),
        AK_CLI_OPTIONS(device_add_options), .run = ak_cmd_device_add},
    {"device", "remove", "ID", 1, 1,
        "Remove a device; another one's removal waits unless a second device or the recovery code confirms.",
        "agentkeys device remove THUMBPRINT --recovery-code-file FILE", WIRE("POST /v1/devices/{id}/remove"),
        AK_CLI_OPTIONS(recovery_options), .run = ak_cmd_device_remove},
    {"account", "show", "", 0, 0, "Show the account.", "agentkeys account show", WIRE("GET /v1/account"),
        .run = ak_cmd_account_show},
    {"account", "suspend", "", 0, 0, "Stop the whole account at once.", "agentkeys account suspend",
        WIRE("POST /v1/account/suspend"), .run = ak_cmd_account_suspend},
    {"account", "resume", "", 0, 0,
        "Resume the account; this waits unless a second device or the recovery code confirms.",
        "agentkeys account resume --recovery-code-file FILE", WIRE("POST /v1/account/resume"),
        AK_CLI_OPTIONS(recovery_options), .run = ak_cmd_account_resume},
    {"account", "cancel", "", 0, 0, "Cancel a removal, resumption or recovery that waits.",
        "agentkeys account cancel", WIRE("POST /v1/recovery/cancel"), AK_CLI_OPTIONS(cancel_options),
        .run = ak_cmd_account_cancel},
    {"account", "seen", "", 0, 0,
        "Say that this device has seen a recovery that waits and lets it go on: it is then ready after the "
        "shorter waiting time.",
        "agentkeys account seen --what sign-in", WIRE("POST /v1/recovery/seen"),
        AK_CLI_OPTIONS(cancel_options), .run = ak_cmd_account_seen},
    {"sign", NULL, "", 0, 0, "Sign a message or a sign-in text (EIP-191, EIP-4361).",
        "agentkeys sign --message 'hello'", WIRE("POST /tee/sign-message"), AK_CLI_OPTIONS(sign_options),
        .run = ak_cmd_sign},
    {"address", NULL, "", 0, 0, "Show the address of the account or of an agent.",
        "agentkeys address --path /agent-1", WIRE("POST /tee/derive-address"), AK_CLI_OPTIONS(path_options),
        .run = ak_cmd_address},
    {"lineage", NULL, "[LABEL]", 0, 1,
        "Prove that an agent's address belongs to this account, signed by both keys; or check such a proof.",
        "agentkeys lineage agent-1 --json", WIRE("GET /v1/agents/{label}/lineage"),
        AK_CLI_OPTIONS(lineage_options), .run = ak_cmd_lineage},
    {"oidc", NULL, "", 0, 0, "Print a short-lived token by which a cloud knows this account.",
        "agentkeys oidc --aud sts.amazonaws.com", WIRE("POST /v1/mint-oidc-jwt"),
        AK_CLI_OPTIONS(oidc_options), .run = ak_cmd_oidc},
    {"issuer", "thumbprint", "", 0, 0,
        "Print the fingerprints of the issuer's certificates, the key that signs first.",
        "agentkeys issuer thumbprint", "keys (kid, thumbprint)", .run = ak_cmd_issuer_thumbprint},
    {"issuer", "publish", "DIR", 1, 1,
        "Write the issuer's two public files for a web server: DIR/.well-known/openid-configuration and "
        "jwks.json.",
        "agentkeys issuer publish /var/www/keys.example", WIRE("GET /.well-known/openid-configuration"),
        .run = ak_cmd_issuer_publish},
    {"explain", NULL, "", 0, 0,
        "Show what would be decided, by which rule, and what would change it; nothing is done.",
        "agentkeys explain --operation sign-message --path /agent-1", WIRE("POST /v1/explain"),
        AK_CLI_OPTIONS(explain_options), .run = ak_cmd_explain},
    {"audit", "list", "", 0, 0, "List the ledger's entries of this account.",
        "agentkeys audit list --type MessageSigned --path /agent-1",
        WIRE("GET /v1/audit") ", its pages joined: entries, next, size, archived",
        AK_CLI_OPTIONS(list_options), .run = ak_cmd_audit_list},
    {"audit", "show", "INDEX", 1, 1, "Show one entry in full.", "agentkeys audit show 7",
        "one item of " WIRE("GET /v1/audit"), .run = ak_cmd_audit_show},
    {"audit", "export", "FILE", 1, 1,
        "Write this account's part of the ledger with its proofs; - is standard output.",
        "agentkeys audit export account.jsonl", "entries and size", .run = ak_cmd_audit_export},
    {"audit", "verify", "FILE [FILES]", 1, 4096,
        "Check an export without the worker; or archive files and an export, in order, as one log.",
        "agentkeys audit verify account.jsonl --checkpoint earlier.note",
        "ok, kind, from, entries, size, and what is wrong", AK_CLI_OPTIONS(verify_options),
        .run = ak_cmd_audit_verify},
    {"audit", "proof", "INDEX", 1, 1, "Get and check the proof that an entry is in the ledger.",
        "agentkeys audit proof 7", "index, size, entry, leaf_hash, proof, root_hash, checkpoint",
        .run = ak_cmd_audit_proof},
    {"attest", "verify", "FILE", 1, 1,
        "Check a machine's attestation evidence against a policy, offline; exits with 3 where it is refused.",
        "agentkeys attest verify report.bin --kind snp --certificate vcek.der --chain ask_ark.pem --policy "
        "policy.json",
        "kind, accepted, authentic, machine, trust, failed (check, detail, remedy), waived, facts",
        AK_CLI_OPTIONS(attest_options), .run = ak_cmd_attest_verify},
    {"attest", NULL, "", 0, 0,
        "Ask the worker for evidence on a connection of its own and check it; at the first meeting, compare "
        "and fix "
        "it. Exits with 3 where it is refused.",
        "agentkeys attest --evidence required",
        "accepted, failed (check, detail, remedy), claims, evidence, counter",
        AK_CLI_OPTIONS(attest_worker_options), .run = ak_cmd_attest},
    {"store", NULL, "SERVICE", 1, 1,
        "Store a credential: from a prompt that does not show it, a file, or standard input.",
        "agentkeys store openrouter", WIRE("PUT /v1/credentials/{service}"), AK_CLI_OPTIONS(store_options),
        .run = ak_cmd_store},
    {"read", NULL, "SERVICE", 1, 1, "Read a credential and print it.", "agentkeys read openrouter --reveal",
        "service, path, version, epoch, value_base64url", AK_CLI_OPTIONS(read_options), .run = ak_cmd_read},
    {"run", NULL, "COMMAND [ARGUMENTS]", 1, 4096,
        "Start a command with credentials in its environment alone.",
        "agentkeys run --env OPENROUTER_API_KEY=openrouter -- curl https://openrouter.ai/api/v1/models",
        "nothing: what is printed is the command's", AK_CLI_OPTIONS(run_options), .run = ak_cmd_run},
    {"credentials", "list", "", 0, 0,
        "List what is stored: names, versions, sizes, ages, last readers; never a value.",
        "agentkeys credentials list", WIRE("GET /v1/credentials") ", a line a page",
        .run = ak_cmd_credentials_list},
    {"credentials", "rollback", "SERVICE", 1, 1, "Make an older version of a credential current again.",
        "agentkeys credentials rollback openrouter --version-number 2",
        WIRE("POST /v1/credentials/{service}/rollback"), AK_CLI_OPTIONS(rollback_options),
        .run = ak_cmd_credentials_rollback},
    {"credentials", "delete", "SERVICE", 1, 1, "Delete a credential with all its versions.",
        "agentkeys credentials delete openrouter", WIRE("DELETE /v1/credentials/{service}"),
        AK_CLI_OPTIONS(delete_options), .run = ak_cmd_credentials_delete},
    {"trust", "show", "", 0, 0, "Show the worker's trust configuration and its hash.", "agentkeys trust show",
        WIRE("GET /v1/trust"), .run = ak_cmd_trust_show},
    {"trust", "change", "", 0, 0,
        "As an operator, put another trust configuration in force; an account with several devices repeats "
        "the "
        "command on a second one. The worker then restarts.",
        "agentkeys trust change --recovery-wait 3d", WIRE("POST /v1/trust"), AK_CLI_OPTIONS(trust_options),
        .run = ak_cmd_trust_change},
    {"recovery", "share", "", 0, 0,
        "As a holder of a recovery share, see what a worker asks it for, and hand it over.",
        "agentkeys recovery share --open share-1-of-3-ada.cms --key ada.pem --for restore.request "
        "--out ada.reply",
        "nothing; what is asked for is shown on standard error", AK_CLI_OPTIONS(share_options),
        .run = ak_cmd_recovery_share},
    {"epoch", "list", "", 0, 0,
        "List the data keys of the account, newest first, and what is left under each.",
        "agentkeys epoch list", WIRE("GET /v1/epochs") ", a line a page", .run = ak_cmd_epoch_list},
    {"epoch", "rotate", "", 0, 0,
        "Give the account a new data key; what is stored moves to it within the worker's deadline.",
        "agentkeys epoch rotate --wait 60s", WIRE("POST /v1/epochs/rotate"), AK_CLI_OPTIONS(epoch_options),
        .run = ak_cmd_epoch_rotate},
    {"epoch", "destroy", "EPOCH", 1, 1,
        "Erase an old data key: nothing that was ever written under it can be read again.",
        "agentkeys epoch destroy 1 --wait 60s", WIRE("POST /v1/epochs/destroy"),
        AK_CLI_OPTIONS(epoch_options), .run = ak_cmd_epoch_destroy},
    {"service", "define", "SERVICE", 1, 1, "Say into which requests a proxy may put a credential.",
        "agentkeys service define openrouter --hosts openrouter.ai --paths /api/v1/",
        WIRE("PUT /v1/services/{service}"), AK_CLI_OPTIONS(define_options), .run = ak_cmd_service_define},
    {"service", "list", "", 0, 0, "List the services that are defined.", "agentkeys service list",
        WIRE("GET /v1/services") ", a line a page", .run = ak_cmd_service_list},
    {"service", "show", "SERVICE", 1, 1, "Show a service's definition.", "agentkeys service show openrouter",
        WIRE("GET /v1/services/{service}"), .run = ak_cmd_service_show},
    {"import", NULL, "FILE", 1, 1,
        "Store many credentials from a .env file, a JSON object, a Vault or OpenBao KV export, or an export "
        "of "
        "this program.",
        "agentkeys import .env", WIRE("PUT /v1/credentials/{service}") ", a line a credential",
        AK_CLI_OPTIONS(import_options), .run = ak_cmd_import},
    {"export", NULL, "FILE", 1, 1,
        "Write a copy of all credentials, sealed to a key of yours; it is outside forward secrecy.",
        "agentkeys export backup.jsonl --to PUBLIC-KEY", "credentials, how many",
        AK_CLI_OPTIONS(export_options), .run = ak_cmd_export},
    {"export-key", NULL, "FILE", 1, 1,
        "Make a key for exports: the file keeps it, the public part is printed.",
        "agentkeys export-key backup.key", "public_key", .run = ak_cmd_export_key},
    {"doctor", NULL, "", 0, 0, "Check everything between this terminal and a signature.", "agentkeys doctor",
        "checks (check, state, seen, remedy) and ok", .run = ak_cmd_doctor},
    {"version", NULL, "", 0, 0, "Print the version.", "agentkeys version", "version", .run = ak_cmd_version},
};

const struct ak_cli_program ak_cli_agentkeys = {.name = "agentkeys",
    .summary = "A person's side: approve, suspend, rotate and audit what agents may do.",
    .commands = commands,
    .count = AK_COUNT(commands)};
