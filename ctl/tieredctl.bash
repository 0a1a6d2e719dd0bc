# SPDX-License-Identifier: GPL-2.0-only
# bash completion of tieredctl: verbs, their options, and the words these take.

_tieredctl_options() { # verb
	case $1 in
	check) echo "--config --color" ;;
	status) echo "" ;;
	top) echo "--interval --once --sort --color" ;;
	targets) echo "--sort --comm --reverse" ;;
	trace) echo "--pid --comm --cgroup --reason --calls --count --color" ;;
	explain) echo "" ;;
	heatmap) echo "--output --windows --columns --color" ;;
	plan) echo "--limit" ;;
	metrics) echo "--prometheus" ;;
	set) echo "" ;;
	pause) echo "" ;;
	resume) echo "" ;;
	reload) echo "" ;;
	esac
}

_tieredctl_verbs="check status top targets trace explain heatmap plan metrics set pause
	resume reload"
_tieredctl_common="--json --socket --help"
_tieredctl_sort="resident hit promoted demoted fast"
_tieredctl_reasons="tiered syscall mbind numa_balancing demotion compaction damon hotplug
	memory_failure contig_range longterm_pin unknown"
_tieredctl_keys="tiered.mode tiered.window tiered.window_min tiered.window_max
	tiered.cpu_max tiered.log_every migration.rate"

# The verb among the words before the current one; the argument of --socket is none.
_tieredctl_verb() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) ((i++)) ;;
		-*) ;;
		*)
			echo "$i ${COMP_WORDS[i]}"
			return
			;;
		esac
	done
	echo "0"
}

_tieredctl() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at verb
	local words=""
	read -r at verb < <(_tieredctl_verb)
	COMPREPLY=()
	case $before in
	--socket | --config | --output | -o)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--color) words="auto always never" ;;
	--sort) words=$_tieredctl_sort ;;
	--reason) words=$_tieredctl_reasons ;;
	*)
		if [ "$at" -eq 0 ]; then
			words="$_tieredctl_verbs --socket --version --help"
		elif [[ $current == -* ]]; then
			words="$(_tieredctl_options "$verb") $_tieredctl_common"
		elif [ "$verb" = set ] && [ "$at" -eq $((COMP_CWORD - 1)) ]; then
			words=$_tieredctl_keys
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _tieredctl tieredctl
