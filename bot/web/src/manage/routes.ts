import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'

/** `agents`: a page for everyone at the desk; the others need a supervisor. */
export interface Page {
  path: string
  title: string
  component: () => Promise<{ default: Component }>
  agents?: boolean
}

/** The site's pages in the order of the menu; a new page is a line here. */
export const pages: Page[] = [
  { path: '/', title: '总览', component: () => import('./pages/OverviewPage.vue') },
  { path: '/figures', title: '指标', component: () => import('./pages/FiguresPage.vue') },
  { path: '/faq', title: '提问热力图', component: () => import('./pages/FaqPage.vue') },
  { path: '/experiments', title: 'A/B 实验', component: () => import('./pages/ExperimentsPage.vue') },
  { path: '/surveys', title: '满意度与访谈', component: () => import('./pages/SurveysPage.vue') },
  { path: '/loop', title: '学习闭环', component: () => import('./pages/LoopPage.vue') },
  { path: '/peers', title: '同行对标', component: () => import('./pages/PeersPage.vue') },
  { path: '/quality', title: '质检', component: () => import('./pages/QualityPage.vue') },
  { path: '/my-quality', title: '我的质检', component: () => import('./pages/MyQualityPage.vue'), agents: true },
]

export const routes: RouteRecordRaw[] = [
  ...pages.map(({ path, title, component }) => ({ path, component, meta: { title } })),
  { path: '/:rest(.*)', redirect: '/' },
]
