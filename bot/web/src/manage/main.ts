import 'element-plus/dist/index.css'
import '../shared/theme.css'
import '../staff/staff.css'
import './manage.css'
import ElementPlus from 'element-plus'
import { createApp, h } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'
import StaffGate from '../staff/StaffGate.vue'
import ManageApp from './ManageApp.vue'
import { routes } from './routes'

const router = createRouter({ history: createWebHashHistory(), routes })
createApp({ render: () => h(StaffGate, { title: '管理' }, { default: () => h(ManageApp) }) })
  .use(ElementPlus)
  .use(router)
  .mount('#app')
