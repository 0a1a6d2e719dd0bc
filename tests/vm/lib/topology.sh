# SPDX-License-Identifier: GPL-2.0-only
# Turns a topology file into QEMU flags. Sourced by run. The format is
# described in README.md; topologies/ has examples.

# topology_bytes SIZE: 512M, 2G or 0 in bytes.
topology_bytes() {
	case $1 in
	*[!0-9MG]* | '') return 1 ;;
	*G) echo $((${1%G} << 30)) ;;
	*M) echo $((${1%M} << 20)) ;;
	0) echo 0 ;;
	*) return 1 ;;
	esac
}

# topology_cpus K/N CPUS: the CPUs of share K of N, as FIRST-LAST.
topology_cpus() {
	local k=${1%/*} n=${1#*/} cpus=$2 first last
	first=$(((k - 1) * cpus / n)) last=$((k * cpus / n - 1))
	((last >= first)) || return 1
	if ((first == last)); then echo "$first"; else echo "$first-$last"; fi
}

# topology_flags FILE CPUS SIZES: sets the array topology_args. SIZES, comma
# separated and in the order of the file, replace those in the file; an empty
# one leaves that in the file.
topology_flags() {
	local file=$1 cpus=$2 sizes=() lineno=0 total=0
	local verb a b c rest nodes=() memory=() access=() distance=() hmat=off sockets=0 dimms=() slots=''
	IFS=, read -ra sizes <<<"$3"
	[[ -r $file ]] || die "no topology '$file'"
	while read -r verb a b c rest; do
		lineno=$((lineno + 1))
		case $verb in
		'' | '#'*) continue ;;
		node) topology_node ;;
		distance) distance+=(-numa "dist,src=$a,dst=$b,val=$c") ;;
		access) topology_access ;;
		dimm) topology_dimm ;;
		*) die "$file:$lineno: '$verb'; expected node, distance, access or dimm" ;;
		esac || die "$file:$lineno: cannot use '$verb $a $b $c $rest' with $cpus CPUs"
	done <"$file"
	((${#sizes[@]} <= ${#nodes[@]} / 2)) ||
		die "$file has $((${#nodes[@]} / 2)) nodes, but ${#sizes[@]} sizes were given"
	# Nodes with CPUs are sockets: the kernel warns of a machine in which two
	# nodes share one. CPUs that cannot be shared evenly are a socket each.
	((sockets)) || die "$file has no node with CPUs"
	((cpus % sockets == 0)) || sockets=$cpus
	topology_args=(-M "q35,hmat=$hmat" -smp "$cpus,sockets=$sockets" -m "$((total >> 20))M$slots"
		"${memory[@]}" "${nodes[@]}" "${distance[@]}" "${access[@]}" "${dimms[@]}")
}

# node ID SIZE [cpus=all|K/N] [initiator=ID]
topology_node() {
	local size bytes option spec="node,nodeid=$a"
	size=${sizes[${#nodes[@]} / 2]:-$b}
	bytes=$(topology_bytes "$size") || return 1
	if ((bytes)); then
		memory+=(-object "memory-backend-ram,id=m$a,size=$bytes")
		spec+=",memdev=m$a"
	fi
	total=$((total + bytes))
	for option in $c $rest; do
		case $option in
		cpus=all) option=$(topology_cpus 1/1 "$cpus")
			sockets=$((sockets + 1)) spec+=,cpus=$option ;;
		cpus=*/*) option=$(topology_cpus "${option#cpus=}" "$cpus") || return 1
			sockets=$((sockets + 1)) spec+=,cpus=$option ;;
		initiator=*) spec+=,$option ;;
		'#'*) break ;;
		*) return 1 ;;
		esac
	done
	nodes+=(-numa "$spec")
}

# access INITIATOR TARGET NANOSECONDS BANDWIDTH
topology_access() {
	local common="hmat-lb,initiator=$a,target=$b,hierarchy=memory"
	[[ $rest ]] || return 1
	hmat=on
	access+=(-numa "$common,data-type=access-latency,latency=$c"
		-numa "$common,data-type=access-bandwidth,bandwidth=${rest%% *}")
}

# dimm NODE SIZE: memory that can go and come back. QEMU puts the first one at 4 GiB where
# there is less RAM than 2 GiB, and marks it in the SRAT as hot-pluggable.
topology_dimm() {
	local bytes id=$((${#dimms[@]} / 4))
	bytes=$(topology_bytes "$b") || return 1
	slots=",slots=$((id + 1)),maxmem=16G"
	dimms+=(-object "memory-backend-ram,id=d$id,size=$bytes"
		-device "pc-dimm,id=dimm$id,memdev=d$id,node=$a")
}
