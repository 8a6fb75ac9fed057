import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react(), tailwind()],
  // Everything comes as a file of its own: the console is served with a policy that forbids inline code and data URLs.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/handover', '/openapi.json'].map((path) => [path, { target: 'http://127.0.0.1:7100' }]),
    ),
  },
});
