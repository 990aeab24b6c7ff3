# fish completion for nnc: commands, options, scripts. Options come from `nnc COMMAND --help`.
function __nnc_options
    set -l words (commandline -opc)
    set -l line '^\s+(?:-\w, )?(--[a-z-]+)\S*(?: [A-Z=]+)?\s+(.*)'
    nnc $words[2] --help 2>/dev/null | string match -rg $line | while read -l option
        read -l help
        printf '%s\t%s\n' $option $help
    end
end

function __nnc_codes
    nnc explain - 2>&1 | string match -rg '^  (.*)'
end

function __nnc_command
    complete -c nnc -n __fish_use_subcommand -a $argv[1] -d $argv[2]
end

function __nnc_in
    __fish_seen_subcommand_from $argv
end

complete -c nnc -f
__nnc_command run 'run a script'
__nnc_command build 'make a native program that does what run does'
__nnc_command repl 'read declarations and actions one by one'
__nnc_command check 'find errors; show shapes, parameters, operations and memory'
__nnc_command fmt 'rewrite a script in the standard layout'
__nnc_command show 'print what the compiler makes of a script'
__nnc_command report 'make a page about one or more logs'
__nnc_command explain 'explain the code of an error'

set -l commands run build repl check fmt show report explain
complete -c nnc -n "__nnc_in run build repl check fmt show" -a '(__fish_complete_suffix .nn)'
complete -c nnc -n "__nnc_in report" -a '(__fish_complete_suffix .jsonl)'
complete -c nnc -n "__nnc_in explain" -a '(__nnc_codes)'
complete -c nnc -n "__nnc_in $commands; and string match -q -- '-*' (commandline -ct)" \
    -a '(__nnc_options)'
