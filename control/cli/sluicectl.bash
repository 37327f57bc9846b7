# SPDX-License-Identifier: BSD-3-Clause
# bash completion for sluicectl: source it, or install it in /usr/share/bash-completion/completions.
# Port names come from the running daemon.
_sluicectl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local word command= sub=
  case $previous in
    --port)
      COMPREPLY=($(compgen -W "$(sluicectl show ports 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$current"))
      return ;;
    --group)
      COMPREPLY=($(compgen -W "$(sluicectl show groups 2>/dev/null | awk 'NR > 1 {print $2}' | sort -u)" -- "$current"))
      return ;;
    --vlan)
      COMPREPLY=($(compgen -W "$(sluicectl show queriers 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$current"))
      return ;;
    --socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
    log-level) COMPREPLY=($(compgen -W "trace debug info warn error" -- "$current")); return ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    if [[ -z $command ]]; then command=$word; elif [[ -z $sub ]]; then sub=$word; fi
  done
  local words="--json --socket --help"
  case $command in
    "") words+=" status show watch explain static clear reload log-level" ;;
    show)
      if [[ -z $sub ]]; then words="groups fib mrouters queriers ports macs counters proxy alarms"
      else words+=" --vlan --group --port"; fi ;;
    static)
      if [[ -z $sub ]]; then words="add del"; else words+=" --vlan --group --source --port"; fi ;;
    clear) if [[ -z $sub ]]; then words="groups counters"; else words+=" --vlan"; fi ;;
    explain) words+=" --vlan --port --group --source --igmp" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _sluicectl sluicectl
