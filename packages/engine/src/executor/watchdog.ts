// A container must not outlive its build, even one that is killed. A small shell process waits for a pipe from the
// engine to close: then it kills the runtimes and the cgroups that the engine told it of, removes those cgroups and
// unmounts what lies in the engine's folder. It deletes no files: that is for the next engine, which can look twice (see
// dead.ts). An engine that ends in good order dismisses it.

import { spawn, type ChildProcess } from 'node:child_process';

// Speaks POSIX only. Lines it reads: `folder PATH`, `group PATH`, `done`. A path never shows in its own arguments, so
// that looking for the runtimes by their arguments does not find it.
const script = `
trap '' HUP INT QUIT TERM PIPE
groups=
while read -r word path; do
  case $word in
    folder) folder=$path ;;
    group) groups="$groups$path
" ;;
    done) exit 0 ;;
  esac
done
case $folder in /?*) ;; *) exit 1 ;; esac
IFS='
'
kill_all() {
  found=1
  for file in $(printf '%s\\n' "$folder/state" | grep -alFs -f - /proc/[0-9]*/cmdline); do
    pid=\${file#/proc/}
    kill -9 "\${pid%/cmdline}" && found=0
  done
  # Where there are no cgroups: the first process of each container, by what the runtime noted.
  for file in "$folder"/state/*/state.json "$folder"/state/*/status; do
    [ -r "$file" ] || continue
    pid=$(sed -n 's/.*"\\(init_process_\\)\\{0,1\\}pid" *: *\\([0-9]*\\).*/\\2/p' "$file")
    start=$(sed -n 's/.*"\\(init_process_start\\|process-start-time\\)" *: *\\([0-9]*\\).*/\\2/p' "$file")
    read -r stat < "/proc/$pid/stat" || continue
    case $(printf '%s\\n' "\${stat##*) }" | cut -d ' ' -f 1,20) in
      [ZX]*) ;;
      *" $start") kill -9 "$pid" && found=0 ;;
    esac
  done
  for group in $groups; do
    [ -w "$group/cgroup.kill" ] && echo 1 > "$group/cgroup.kill"
    for list in "$group/cgroup.procs" "$group"/*/cgroup.procs "$group"/*/*/cgroup.procs; do
      [ -r "$list" ] || continue
      while read -r pid; do
        kill -9 "$pid" && found=0
      done < "$list"
    done
  done
  return $found
}
remove_groups() {
  for group in $groups; do
    case $group in /sys/fs/cgroup/*/*) [ -d "$group" ] && rmdir "$group"/*/*/ "$group"/*/ "$group" ;; esac
  done
  for group in $groups; do
    [ -d "$group" ] && return 1
  done
  return 0
}
tries=0
while [ $tries -lt 500 ]; do
  kill_all
  killed=$?
  remove_groups && [ $killed -ne 0 ] && break
  tries=$((tries + 1))
  sleep 0.01 || sleep 1
done
points=
while read -r line; do points="$line
$points"; done < /proc/self/mounts
for line in $points; do
  point=\${line#* }
  point=\${point%% *}
  case $point in "$folder"/*) umount -l "$point" ;; esac
done
`;

export class Watchdog implements Disposable {
  readonly #shell: ChildProcess;

  /** Watches over what is in `folder`. */
  constructor(folder: string) {
    this.#shell = spawn('/bin/sh', ['-c', script], {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Neither it nor its pipe keeps the engine from ending; without a shell, the next engine cleans up.
    this.#shell.on('error', () => {});
    this.#shell.stdin!.on('error', () => {});
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref(): void }).unref();
    this.#tell(`folder ${folder}`);
  }

  /** Kills what is in this cgroup, too. */
  watch(group: string): void {
    this.#tell(`group ${group}`);
  }

  [Symbol.dispose](): void {
    this.#tell('done');
    this.#shell.stdin!.end();
  }

  #tell(line: string): void {
    this.#shell.stdin!.write(`${line}\n`);
  }
}
