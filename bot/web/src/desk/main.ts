import 'element-plus/dist/index.css'
import '../shared/theme.css'
import '../staff/staff.css'
import './desk.css'
import ElementPlus from 'element-plus'
import { createApp, h } from 'vue'
import StaffGate from '../staff/StaffGate.vue'
import DeskApp from './DeskApp.vue'

createApp({ render: () => h(StaffGate, { title: '客服台' }, { default: () => h(DeskApp) }) })
  .use(ElementPlus)
  .mount('#app')
