# bash completion for nnc: commands, options, scripts. Options come from `nnc COMMAND --help`.
_nnc()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac
    done
    COMPREPLY=()
    case $before in
    --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
    --emit) COMPREPLY=($(compgen -W "exe obj asm llvm lib" -- "$word")); return ;;
    --diagnostics) COMPREPLY=($(compgen -W "text json" -- "$word")); return ;;
    --log | --resume | -o | --output) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --threads | --seed | --cpu | --set) return ;;
    esac
    if [[ $word == -* ]]; then
        local options
        options=$("${COMP_WORDS[0]}" $command --help 2>/dev/null |
            grep -o -- '--[a-z][a-z-]*' | sort -u)
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W "run build repl check fmt show report explain" -- "$word"))
    elif [[ $command == explain ]]; then
        local codes
        codes=$("${COMP_WORDS[0]}" explain - 2>&1 | sed -n 's/^  //p')
        COMPREPLY=($(compgen -W "$codes" -- "$word"))
    elif [[ $command == report ]]; then
        COMPREPLY=($(compgen -f -X '!*.jsonl' -- "$word") $(compgen -d -- "$word"))
    else
        COMPREPLY=($(compgen -f -X '!*.nn' -- "$word") $(compgen -d -- "$word"))
    fi
}
complete -o filenames -F _nnc nnc
