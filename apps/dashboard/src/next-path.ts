/**
 * Where to go after the log-in. Only a path of this very site: anything else, however it is spelled, becomes `/`.
 * `origin` is the site's own.
 */
export function nextPath(next: string | null, origin: string): string {
  if (next === null || !next.startsWith('/')) return '/';
  // Browsers read a backslash as a slash and drop tabs and line ends, so the parser decides, not the text.
  const url = URL.parse(next, origin);
  if (url === null || url.origin !== origin) return '/';
  const path = url.pathname + url.search + url.hash;
  return path.startsWith('//') || path.startsWith('/login') ? '/' : path;
}
