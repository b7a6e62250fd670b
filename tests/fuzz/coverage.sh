#!/bin/sh
# Lines of each parser that its fuzz target reaches in fuzz-replay. The counters of each target go to a folder of
# their own, so the build's counters stay as they are.
# usage: coverage.sh BUILD_DIR [TARGET...]   (a build with gcc and -Db_coverage=true; ninja has run)
# exit: 0 all reached, 1 a parser under the limit, 2 it could not be measured
set -eu

limit=70
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
    sed -n '4,5s/^# //p' "$0"
    exit 2
fi
build=$(cd "$1" && pwd)
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Percent of lines of source $2 in all objects under $1 made from it, each with its notes beside it.
percent() {
    find "$1" -name "*$(basename "$2").gcda" | while read -r data; do
        notes=${data#"$1"}
        ln -sf "${notes%.gcda}.gcno" "${data%.gcda}.gcno"
        (cd "$work" && gcov -n "$data" 2>/dev/null)
    done | awk -v want="$2" '
        /^File / { file = $0; gsub(/^File .|.$/, "", file)
                   hit = length(file) >= length(want) && substr(file, length(file) - length(want) + 1) == want }
        hit && /^Lines executed:/ { split($0, part, /[:% ]+/); if (part[3] > best) best = part[3]; found = 1; hit = 0 }
        END { print found ? best : "none" }'
}

status=0
targets=0
while read -r target sources; do
    case $target in '' | '#'*) continue ;; esac
    if [ $# -gt 0 ]; then
        case " $* " in *" $target "*) ;; *) continue ;; esac
    fi
    targets=$((targets + 1))
    runner=$build/tests/fuzz/fuzz-replay-$target
    if [ ! -x "$runner" ]; then
        printf '%-12s not built: %s\n' "$target" "$runner"
        status=2
        continue
    fi
    GCOV_PREFIX=$work/$target "$runner" "$here/corpus/$target" >/dev/null
    for source in $sources; do
        lines=$(percent "$work/$target" "$source")
        verdict=ok
        if [ "$lines" = none ]; then
            verdict='not measured (is the build made with -Db_coverage=true?)'
            status=2
        elif awk "BEGIN { exit !($lines < $limit) }"; then
            verdict="under $limit"
            [ $status -eq 2 ] || status=1
        fi
        printf '%-12s %-40s %7s %%  %s\n' "$target" "$source" "$lines" "$verdict"
    done
done <"$here/targets.txt"
printf '%d targets\n' "$targets"
exit $status
