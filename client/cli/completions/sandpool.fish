# fish completion for sandpool: the command knows what may follow (sandpool --complete), this passes it on.
function __sandpool_complete
    set -l words (commandline -opc)
    for line in ($words[1] --complete $words[2..] (commandline -ct | string unescape) 2>/dev/null)
        if test $line = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c sandpool -f -a '(__sandpool_complete)'
