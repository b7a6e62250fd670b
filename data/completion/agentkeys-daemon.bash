# bash completion, made from the program's own table
_agentkeys_daemon()
{
    local cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[1]-} words=
    if [ "$COMP_CWORD" -gt 2 ]; then name="$name ${COMP_WORDS[2]}"; fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='pair token sign oidc status read run credentials --help --version'
    else
    case $name in
    "pair") words='--label --want --invite --no-wait --resume --wait --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "token") words='--label --renew --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "sign") words='--label --message --message-hex --message-file --path --v27 --no-renew --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "oidc") words='--label --aud --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "status") words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "read") words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "run") words='--label --env --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "credentials") words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    esac
    fi
    # a command without a verb: its options stand behind the first word
    if [ -z "$words" ]; then
    case ${COMP_WORDS[1]-} in
    pair) words='--label --want --invite --no-wait --resume --wait --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    token) words='--label --renew --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    sign) words='--label --message --message-hex --message-file --path --v27 --no-renew --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    oidc) words='--label --aud --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    status) words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    read) words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    run) words='--label --env --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    credentials) words='--label --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    if [ "${#COMPREPLY[@]}" -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$cur"); fi
}
complete -F _agentkeys_daemon agentkeys-daemon
