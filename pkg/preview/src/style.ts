// The looks that all panes share, in light and in dark.

import { css, html, type TemplateResult } from "lit";

export const palette = css`
  :host {
    --sans: "Adobe Clean", "Source Sans 3", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    --mono: "Source Code Pro", ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    --code-font: 13px/20px var(--mono);
  }
  :host([theme="light"]) {
    --page: #f3f3f3; --surface: #ffffff; --raised: #ffffff; --line: #dadada; --text: #222222; --quiet: #595959;
    --hover: #f3f6fd; --focus: #2c56e0; --chosen: #d5e3ff; --related: #eaf1ff; --related-edge: #8eb0ff;
    --string: #00643f; --number: #8a2a9b; --keyword: #a8320f; --function: #1f49c7;
    --positive-bg: #d7f7e1; --positive-fg: #004c2d; --negative-bg: #ffe4e1; --negative-fg: #9a1209; --notice-bg: #fff0d9; --notice-fg: #713c00;
    --info-bg: #e2ecff; --info-fg: #1f3fa8; --neutral-bg: #ececec; --neutral-fg: #464646;
    --money-bg: #dff5e0; --money-fg: #0b4a20; --time-bg: #e6ecfa; --time-fg: #263f85; --person-bg: #fbe3f1; --person-fg: #86135a; --secret-bg: #ffe4e1; --secret-fg: #9a1209;
  }
  :host([theme="dark"]) {
    --page: #141414; --surface: #1e1e1e; --raised: #2a2a2a; --line: #3d3d3d; --text: #ececec; --quiet: #ababab;
    --hover: #272b36; --focus: #6f97ff; --chosen: #263f7d; --related: #212d4b; --related-edge: #5273c9;
    --string: #7fdcae; --number: #e0a5f2; --keyword: #ffb197; --function: #9fbcff;
    --positive-bg: #08402a; --positive-fg: #a7f0c8; --negative-bg: #5c130d; --negative-fg: #ffcdc7; --notice-bg: #4d2f03; --notice-fg: #ffd9a0;
    --info-bg: #1f3470; --info-fg: #cbdaff; --neutral-bg: #3a3a3a; --neutral-fg: #dcdcdc;
    --money-bg: #113d1d; --money-fg: #b2efbf; --time-bg: #22315c; --time-fg: #cbd8ff; --person-bg: #55143d; --person-fg: #ffcbe8; --secret-bg: #5c130d; --secret-fg: #ffcdc7;
  }
`;

/** A pane: a heading that stays and a body that scrolls. */
export const pane = css`
  :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; color: var(--text); font: 14px/20px var(--sans); }
  header { display: flex; align-items: center; gap: 8px; padding: 8px 10px 8px 14px; border-bottom: 1px solid var(--line); min-height: 32px; flex-wrap: wrap; }
  h2 { font: 700 14px/20px var(--sans); margin: 0; white-space: nowrap; }
  .grow { flex: 1; min-width: 0; }
  .body { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: auto; }
  .body > value-tree, .body > code-editor { flex: 1; min-height: 0; }
  .quiet { color: var(--quiet); }
  .problem { margin: 8px 12px; padding: 8px 12px; border-radius: 6px; background: var(--negative-bg); color: var(--negative-fg); white-space: pre-wrap; overflow-wrap: anywhere; }
  .chip { font: 600 11px/16px var(--sans); border-radius: 8px; padding: 0 7px; white-space: nowrap; display: inline-block; }
  .chip.positive { background: var(--positive-bg); color: var(--positive-fg); } .chip.negative { background: var(--negative-bg); color: var(--negative-fg); }
  .chip.notice { background: var(--notice-bg); color: var(--notice-fg); } .chip.informative { background: var(--info-bg); color: var(--info-fg); } .chip.neutral { background: var(--neutral-bg); color: var(--neutral-fg); }
  .chip.money { background: var(--money-bg); color: var(--money-fg); } .chip.time { background: var(--time-bg); color: var(--time-fg); }
  .chip.person { background: var(--person-bg); color: var(--person-fg); } .chip.secret { background: var(--secret-bg); color: var(--secret-fg); }
  code { font: var(--code-font); overflow-wrap: anywhere; }
  button.link { font: inherit; color: var(--info-fg); background: none; border: 0; padding: 0; cursor: pointer; text-align: start; text-decoration: underline; overflow-wrap: anywhere; }
  button.link:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
`;

/** A path or an expression that may be broken where a part of it ends. */
export function breakable(text: string): TemplateResult {
  return html`${text.split(/(?<=[.,(\[])/).map((part) => html`${part}<wbr />`)}`;
}
