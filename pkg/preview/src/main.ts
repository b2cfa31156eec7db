// Everything that the page is made of. Spectrum's elements come one by one: the bundle has five times as many.

import "@spectrum-web-components/theme/sp-theme.js";
import "@spectrum-web-components/theme/spectrum-two/theme-light.js";
import "@spectrum-web-components/theme/spectrum-two/theme-dark.js";
import "@spectrum-web-components/theme/spectrum-two/scale-medium.js";
import "@spectrum-web-components/action-button/sp-action-button.js";
import "@spectrum-web-components/action-group/sp-action-group.js";
import "@spectrum-web-components/action-menu/sp-action-menu.js";
import "@spectrum-web-components/button/sp-button.js";
import "@spectrum-web-components/menu/sp-menu-item.js";
import "@spectrum-web-components/picker/sp-picker.js";
import "@spectrum-web-components/search/sp-search.js";
import "@spectrum-web-components/switch/sp-switch.js";
import "@spectrum-web-components/tabs/sp-tab.js";
import "@spectrum-web-components/tabs/sp-tab-panel.js";
import "@spectrum-web-components/tabs/sp-tabs.js";
import "./page.css";
import "./tree.ts";
import "./editor.ts";
import "./source-pane.ts";
import "./mappings-pane.ts";
import "./record-pane.ts";
import "./mapping-editor.ts";
import "./detail-pane.ts";
import "./app.ts";
