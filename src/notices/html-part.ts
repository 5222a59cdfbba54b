import type { Letter, Part } from './compose.ts';
import { escapeHtml } from './escape-html.ts';

const sans =
  "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
const buttonColours = { calm: '#1d4ed8', alarm: '#b42318' };

// Inline styles carry the light look, because many clients drop <style>; those that keep it get the dark one.
const darkStyle = `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#14171c!important}
.card{background:#1d2128!important;border-color:#343a44!important}
.ink{color:#e8eaee!important}
.muted{color:#a3abb8!important}
.rule{border-color:#343a44!important}
.box{background:#262b34!important;border-color:#343a44!important}
.link{color:#93b4ff!important}
}`;

/** No remote content, no tracking, nothing a mail client would have to fetch. */
export function htmlPart(letter: Letter): string {
  const subject = escapeHtml(letter.subject);
  return `<!doctype html>
<html lang="${letter.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no">
<title>${subject}</title>
<style>${darkStyle}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f4f6">
<table role="presentation" class="page" width="100%" cellspacing="0" cellpadding="0" border="0" style="background:#f3f4f6">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellspacing="0" cellpadding="0" border="0" style="max-width:560px;background:#ffffff;border:1px solid #e2e5ea;border-radius:12px">
<tr><td class="ink" style="padding:28px 28px 24px;font:16px/1.6 ${sans};color:#1f2530;text-align:left">
<p class="muted" style="margin:0 0 16px;font-size:14px;font-weight:600;color:#5b6472">${escapeHtml(letter.service)}</p>
<h1 class="ink" style="margin:0 0 16px;font-size:22px;line-height:1.35;font-weight:650;color:#1f2530">${subject}</h1>
${phraseBox(letter.phrase)}${letter.parts.map(partHtml).join('\n')}
${footer(letter.sender)}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

function partHtml(part: Part): string {
  switch (part.kind) {
    case 'paragraph':
      return `<p style="margin:0 0 16px">${escapeHtml(part.text)}</p>`;
    case 'link':
      return button(part);
    case 'facts':
      return `<table class="box" width="100%" cellspacing="0" cellpadding="0" border="0" style="margin:0 0 20px;padding:6px 0;background:#f6f7f9;border:1px solid #e2e5ea;border-radius:8px">\n${part.facts.map(factRow).join('\n')}\n</table>`;
    case 'code':
      return `<p class="box ink" style="margin:0 0 20px;padding:14px 16px;background:#f6f7f9;border:1px solid #e2e5ea;border-radius:8px;${codeStyle(part.code)};text-align:center;color:#1f2530">${escapeHtml(part.code)}</p>`;
  }
}

function factRow(fact: { label: string; value: string }): string {
  return `<tr><th scope="row" class="muted" style="padding:5px 14px 5px 16px;width:24%;white-space:nowrap;font:400 14px/1.5 ${sans};color:#5b6472;text-align:left;vertical-align:top">${escapeHtml(fact.label)}</th><td class="ink" style="padding:5px 16px 5px 0;font:14px/1.5 ${sans};color:#1f2530;text-align:left;vertical-align:top;word-break:break-word">${escapeHtml(fact.value)}</td></tr>`;
}

function button(link: Extract<Part, { kind: 'link' }>): string {
  const url = escapeHtml(link.url);
  const colour = buttonColours[link.tone];
  return `<p style="margin:0 0 8px"><a href="${url}" style="display:inline-block;padding:11px 22px;background:${colour};border:1px solid ${colour};border-radius:8px;font-weight:600;color:#ffffff;text-decoration:none">${escapeHtml(link.label)}</a></p>
<p class="muted" style="margin:0 0 20px;font-size:13px;line-height:1.5;color:#5b6472">${escapeHtml(link.hint)}<br><a href="${url}" class="link" style="color:#1d4ed8;word-break:break-all">${url}</a></p>`;
}

function phraseBox(phrase: Letter['phrase']): string {
  if (!phrase) return '';
  return `<p class="box ink" style="margin:0 0 20px;padding:10px 16px;background:#f6f7f9;border:1px solid #e2e5ea;border-radius:8px;font-size:14px;color:#1f2530"><span class="muted" style="color:#5b6472">${escapeHtml(phrase.label)}</span><br><strong>${escapeHtml(phrase.value)}</strong><br><span class="muted" style="font-size:13px;color:#5b6472">${escapeHtml(phrase.note)}</span></p>\n`;
}

function footer(sender: Letter['sender']): string {
  const url = escapeHtml(sender.reportUrl);
  return `<div class="muted rule" style="margin:8px 0 0;padding:16px 0 0;border-top:1px solid #d5d9e0;font-size:13px;line-height:1.55;color:#5b6472">
<p style="margin:0 0 10px">${escapeHtml(sender.reportIntro)}<br><a href="${url}" class="link" style="color:#1d4ed8;word-break:break-all">${url}</a></p>
<p style="margin:0 0 10px">${escapeHtml(sender.contactIntro)}<br>${escapeHtml(sender.contact)}</p>
<p style="margin:0">${escapeHtml(sender.from)}<br>${escapeHtml(sender.neverAsks)}</p>
</div>`;
}

/** Six digits are typed, a token is copied: it must not run out of its box. */
function codeStyle(code: string): string {
  const isTyped = code.length <= 12;
  const size = isTyped ? '26px/1.3' : '14px/1.5';
  return `font:600 ${size} ui-monospace,Menlo,Consolas,monospace;${isTyped ? 'letter-spacing:4px' : 'word-break:break-all'}`;
}
