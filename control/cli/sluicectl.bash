# SPDX-License-Identifier: BSD-3-Clause
# bash completion for sluicectl: source it, or install it in /usr/share/bash-completion/completions.
# The program itself knows what may come next, VLANs, ports and groups of the running daemon
# included, so that this needs no change when a command is added.
_sluicectl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $previous == --socket ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  fi
}
complete -F _sluicectl sluicectl
