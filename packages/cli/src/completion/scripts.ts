// What makes a shell ask `cli completion words` for suggestions. Each line of an answer is a word, with a tab and its
// meaning behind it where the shell shows those; a line that begins with a colon says what the shell completes itself.

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The file that a shell reads, and where it looks for it. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# cli completion bash > ~/.local/share/bash-completion/completions/cli
# or in ~/.bashrc: eval "$(cli completion bash)"
_monokit() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line
  [ "$cur" = "=" ] && cur=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur") ;;
      :folders) compopt -o filenames; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur") ;;
      :open) compopt -o nospace ;;
      ?*) COMPREPLY+=("\${line%%$'\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" completion words bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _monokit cli
`,
  zsh: `#compdef cli
# cli completion zsh > a file _cli in a folder of $fpath, or in ~/.zshrc: eval "$(cli completion zsh)"
_monokit() {
  local line word
  local -a words_told shown
  local -a flags
  for line in "\${(@f)$(\${words[1]} completion words zsh "$LBUFFER" 2>/dev/null)}"; do
    case $line in
      :files) [[ $PREFIX == -*=* ]] && compset -P '*='; _files; return ;;
      :folders) [[ $PREFIX == -*=* ]] && compset -P '*='; _files -/; return ;;
      :open) flags=(-S '') ;;
      ?*) words_told+=("\${line%%$'\t'*}"); shown+=("\${line/$'\t'/  }") ;;
    esac
  done
  (( \${#words_told} )) && compadd $flags -l -d shown -- "\${words_told[@]}"
}
if [ "$funcstack[1]" = _cli ]; then _monokit "$@"; else compdef _monokit cli; fi
`,
  fish: `# cli completion fish > ~/.config/fish/completions/cli.fish
function __monokit_words
    set -l token (commandline -ct)
    for line in (command cli completion words fish (commandline -cp) 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $token
            case ':folders'
                __fish_complete_directories $token
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c cli -f -a '(__monokit_words)'
`,
};
