# Runs the server of the folder $1 as long as a process whose id is in $1/users lives, and a little longer: the next test
# may be about to start. Then it takes the server's address out of the file $2, and ends it once nobody has it who read
# that before. The rest of the arguments starts the server.
folder=$1 told=$2
shift 2
"$@" &
server=$!

used() {
    for user in "$folder"/users/*; do
        kill -0 "${user##*/}" 2>/dev/null && return 0
        rm -f "$user"
    done
    return 1
}

idle=0
while kill -0 $server 2>/dev/null; do
    sleep 1
    if used; then
        idle=0
    elif [ $idle -lt 3 ]; then
        idle=$((idle + 1))
    elif grep -qs "$folder" "$told"; then
        rm -f "$told"
    else
        # Its fast shutdown; a kill would leave its shared memory behind.
        kill -INT $server
        wait $server
    fi
done
rm -rf "$folder"
