# bash completion, made from the program's own table
_agentkeys()
{
    local cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[1]-} words=
    if [ "$COMP_CWORD" -gt 2 ]; then name="$name ${COMP_WORDS[2]}"; fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='up init recover link unlink links whoami status logout pair agents device account sign address lineage oidc issuer explain audit attest store read run credentials trust recovery epoch service import export export-key doctor version --help --version'
    else
    case $name in
    "up") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "init") words='--email --oauth2 --wallet --text-file --local --name --recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "recover") words='--email --oauth2 --wallet --text-file --recovery-code-file --name --new-code --cancel --seen --device --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "link") words='--email --oauth2 --wallet --text-file --derived --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "unlink") words='--recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "links") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "whoami") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "status") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "logout") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "pair") words='list approve refuse invite' ;;
    "pair list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "pair approve") words='--scope --rate --valid-for --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "pair refuse") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "pair invite") words='--scope --rate --valid-for --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents") words='list show suspend resume rotate policy decommission' ;;
    "agents list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents show") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents suspend") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents resume") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents rotate") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents policy") words='--scope --rate --valid-for --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "agents decommission") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "device") words='list add remove' ;;
    "device list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "device add") words='--name --wait --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "device remove") words='--recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "account") words='show suspend resume cancel seen' ;;
    "account show") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "account suspend") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "account resume") words='--recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "account cancel") words='--what --device --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "account seen") words='--what --device --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "sign") words='--message --message-hex --message-file --path --v27 --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "address") words='--path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "lineage") words='--verify --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "oidc") words='--aud --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "issuer") words='thumbprint publish' ;;
    "issuer thumbprint") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "issuer publish") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "explain") words='--operation --message --message-hex --message-file --path --domain --aud --exit-code --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "audit") words='list show export verify proof' ;;
    "audit list") words='--since --type --path --limit --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "audit show") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "audit export") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "audit verify") words='--checkpoint --consistency --receipt --key --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "audit proof") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "attest") words='verify' ;;
    "attest verify") words='--kind --at --policy --certificate --chain --signature --ak-public --pcrs --tcb-info --qe-identity --tcb-chain --pck-crl --root-crl --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "attest") words='--enrol --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "store") words='--file --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "read") words='--reveal --version-number --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "run") words='--env --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "credentials") words='list rollback delete' ;;
    "credentials list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "credentials rollback") words='--version-number --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "credentials delete") words='--path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "trust") words='show change' ;;
    "trust show") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "trust change") words='--issuer --recovery-wait --recovery-wait-code --operators --ek-roots --broker-key --broker-url --identity-providers --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "recovery") words='share' ;;
    "recovery share") words='--open --key --for --policy --out --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "epoch") words='list rotate destroy' ;;
    "epoch list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "epoch rotate") words='--wait --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "epoch destroy") words='--wait --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "service") words='define list show' ;;
    "service define") words='--hosts --methods --paths --inject --template --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "service list") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "service show") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "import") words='--format --dry-run --key-file --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "export") words='--to --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "export-key") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "doctor") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    "version") words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    esac
    fi
    # a command without a verb: its options stand behind the first word
    if [ -z "$words" ]; then
    case ${COMP_WORDS[1]-} in
    up) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    init) words='--email --oauth2 --wallet --text-file --local --name --recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    recover) words='--email --oauth2 --wallet --text-file --recovery-code-file --name --new-code --cancel --seen --device --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    link) words='--email --oauth2 --wallet --text-file --derived --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    unlink) words='--recovery-code-file --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    links) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    whoami) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    status) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    logout) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    sign) words='--message --message-hex --message-file --path --v27 --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    address) words='--path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    lineage) words='--verify --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    oidc) words='--aud --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    explain) words='--operation --message --message-hex --message-file --path --domain --aud --exit-code --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    attest) words='--enrol --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    store) words='--file --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    read) words='--reveal --version-number --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    run) words='--env --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    import) words='--format --dry-run --key-file --path --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    export) words='--to --json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    export-key) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    doctor) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    version) words='--json --yes --help --profile --signer-url --operator-socket --broker-url --account --evidence --worker-pin --ledger-pin --state-dir --timeout --log-level' ;;
    esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    if [ "${#COMPREPLY[@]}" -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$cur"); fi
}
complete -F _agentkeys agentkeys
