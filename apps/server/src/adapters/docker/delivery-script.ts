import { AppError, type AgentFile } from '@agentpod/core';

/** Where the helper sees the volume. */
export const volumeMount = '/volume';

export const stagingPrefix = '.agentpod-staging-';

/**
 * What the helper runs, in plain POSIX shell. It is constant: everything variable comes as an argument.
 *   $1 owner, `uid:gid`   $2 `complete` or `keep` (what becomes of files that are not named)   $3 staging folder
 * and then pairs of an act (`dir`, `replace`, `seed`) and a path. The n-th file lies at `<staging>/<n>`.
 * A rename replaces whatever stands there, a link included, but not a folder: that one goes first.
 */
export const deliveryScript = `
set -eu
owner=$1 others=$2 staging=$3
shift 3
cd ${volumeMount}
chown "$owner" .
chmod 0700 .
named='
'
number=0
while [ $# -gt 0 ]; do
  act=$1 path=./$2
  shift 2
  named="$named$path
"
  if [ "$act" = dir ]; then
    if [ ! -d "$path" ]; then
      rm -f "$path"
      mkdir -m 0700 "$path"
      chown -h "$owner" "$path"
    fi
    continue
  fi
  new=./$staging/$number
  number=$((number + 1))
  if [ "$act" = seed ] && { [ -e "$path" ] || [ -L "$path" ]; }; then continue; fi
  if [ -d "$path" ] && [ ! -L "$path" ]; then rm -rf "$path"; fi
  mv -f -T "$new" "$path"
done
sweep() (
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    case $named in
      *"
$entry
"*) if [ -d "$entry" ] && [ ! -L "$entry" ]; then sweep "$entry"; fi ;;
      *) rm -rf "$entry" ;;
    esac
  done
)
if [ "$others" = complete ]; then sweep .; fi
rm -rf ./${stagingPrefix}*
`;

/** The acts for the script: every folder before what lies in it. Throws `invalid` for a path that leaves the volume. */
export function deliveryActs(files: readonly AgentFile[]): string[] {
  const acts: string[] = [];
  const folders = new Set<string>();
  for (const { path, policy } of files) {
    checkPath(path);
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      if (!folders.has(folder)) acts.push('dir', folder);
      folders.add(folder);
    }
    acts.push(policy, path);
  }
  return acts;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const outside = parts.some((part) => part === '' || part === '.' || part === '..' || part.startsWith(stagingPrefix));
  // Line ends separate names inside the script.
  if (!outside && !/\p{Cc}/u.test(path)) return;
  throw new AppError('invalid', 'InvalidPath', `${JSON.stringify(path)} is not a path inside a volume`, {
    field: 'path',
  });
}
