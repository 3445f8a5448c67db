import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/button/style/css'
import 'element-plus/es/components/input/style/css'
import '../shared/theme.css'
import { createApp } from 'vue'
import ChatPage from './ChatPage.vue'

createApp(ChatPage).mount('#app')
