# fish completion for nnc: commands, options, scripts. Options come from `nnc COMMAND --help`.
function __nnc_options
    set -l words (commandline -opc)
    nnc $words[2] --help 2>/dev/null | string match -rg '^\s+(?:-\w, )?(--[a-z-]+)\S*(?: [A-Z=]+)?\s+(.*)' | while read -l option
        read -l help
        printf '%s\t%s\n' $option $help
    end
end
set -l commands run build repl check fmt show report explain
complete -c nnc -f
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a run -d 'carry out a script'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a build -d 'make a native program that does what run does'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a repl -d 'read declarations and actions one by one'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a check -d 'find errors; say shapes, parameters, operations and memory'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a fmt -d 'rewrite a script in the usual layout'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a show -d 'print what the compiler made of a script'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a report -d 'make a page of one or more logs'
complete -c nnc -n "not __fish_seen_subcommand_from $commands" -a explain -d 'say more about an error\'s code'
complete -c nnc -n "__fish_seen_subcommand_from run build repl check fmt show" -a '(__fish_complete_suffix .nn)'
complete -c nnc -n "__fish_seen_subcommand_from report" -a '(__fish_complete_suffix .jsonl)'
complete -c nnc -n "__fish_seen_subcommand_from explain" -a "(nnc explain - 2>&1 | string match -rg '^  (.*)')"
complete -c nnc -n "__fish_seen_subcommand_from $commands; and string match -q -- '-*' (commandline -ct)" -a '(__nnc_options)'
