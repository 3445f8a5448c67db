import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

/** Writes FILE.gz beside each built text file; the web server sends it to browsers that take it. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync('dist/assets')) {
        if (/\.(js|css)$/.test(name)) {
          const file = join('dist/assets', name)
          writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }))
        }
      }
    },
  }
}

// One page per audience: the customer's chat is index.html, the agents' desk desk.html, the managers' site manage.html.
export default defineConfig({
  plugins: [vue(), precompress()],
  build: {
    target: 'es2020',
    rolldownOptions: { input: { chat: 'index.html', desk: 'desk.html', manage: 'manage.html' } },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/socket.io': { target: 'http://127.0.0.1:8000', ws: true },
      '/api': 'http://127.0.0.1:8000',
      '/images': 'http://127.0.0.1:8000',
    },
  },
})
