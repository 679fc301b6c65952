#include "albert/serving/endpoints/common.h"

namespace albert::serving {
namespace {

// The page asks /openapi.json what there is, so that it is the same for every model.
constexpr const char* kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>albert serve</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --accent: #2a6fdb; }
  body { font: 16px/1.45 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto;
         padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0 0 .2rem; }
  #about { opacity: .75; margin: 0 0 1.2rem; }
  label { display: block; margin: .8rem 0 .2rem; font-weight: 600; }
  select, input, textarea, button { font: inherit; box-sizing: border-box; }
  select, input, textarea { width: 100%; padding: .45rem .6rem; border: 1px solid var(--line);
         border-radius: .4rem; background: transparent; color: inherit; }
  option { color: #000; background: #fff; }
  textarea { font-family: ui-monospace, monospace; font-size: .9rem; min-height: 10rem; }
  button { margin: .9rem 0; padding: .5rem 1.4rem; border: 0; border-radius: .4rem;
           background: var(--accent); color: #fff; cursor: pointer; }
  button:disabled { opacity: .5; }
  #bars div { display: grid; grid-template-columns: 10rem 1fr 4.5rem; gap: .6rem;
              align-items: center; margin: .2rem 0; }
  #bars span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  #bars i { display: block; height: .8rem; border-radius: .2rem; background: var(--accent); }
  #bars b { text-align: right; font-weight: 400; font-variant-numeric: tabular-nums; }
  #marked mark { border-radius: .2rem; padding: 0 .15rem; }
  #marked sub { font-size: .7rem; opacity: .8; margin-left: .2rem; }
  pre { border: 1px solid var(--line); border-radius: .4rem; padding: .7rem; overflow: auto;
        max-height: 24rem; white-space: pre-wrap; word-break: break-word; }
  .bad { color: #c62828; }
</style>
</head>
<body>
<h1>albert serve</h1>
<p id="about">…</p>
<div id="key_row" hidden><label for="key">API key</label>
<input id="key" type="password" autocomplete="off"></div>
<label for="endpoint">Endpoint</label>
<select id="endpoint"></select>
<p id="summary"></p>
<label for="body">Request</label>
<textarea id="body" spellcheck="false"></textarea>
<button id="send">Send</button> <span id="time"></span>
<div id="marked"></div>
<div id="bars"></div>
<pre id="answer" hidden></pre>
<script>
const at = id => document.getElementById(id);
let paths = {};
const headers = () => at('key').value ? {Authorization: 'Bearer ' + at('key').value} : {};

async function load() {
  const about = await fetch('info', {headers: headers()});
  if (about.status === 401) {
    at('key_row').hidden = false;
    at('about').textContent = 'This server asks for an API key.';
    return;
  }
  const info = await about.json();
  at('about').textContent = info.model_id + ' · ' + Object.keys(info.model_type).join(', ') +
    ' · ' + info.model_dtype + ' · up to ' + info.max_input_length + ' tokens · albert ' +
    info.version;
  paths = (await (await fetch('openapi.json', {headers: headers()})).json()).paths;
  at('endpoint').replaceChildren(...Object.keys(paths).filter(p => paths[p].post)
    .map(p => new Option(p)));
  choose();
}

function choose() {
  const operation = paths[at('endpoint').value].post;
  at('summary').textContent = operation.summary;
  at('body').value = JSON.stringify(
    operation.requestBody.content['application/json'].example, null, 2);
  show([], '', null);
}

function bar(name, share, value) {
  const row = document.createElement('div');
  for (const [tag, text] of [['span', name], ['i', ''], ['b', value]]) {
    const part = document.createElement(tag);
    part.textContent = text;
    if (tag === 'span') part.title = name;
    if (tag === 'i') part.style.width = Math.max(0, Math.min(1, share)) * 100 + '%';
    row.append(part);
  }
  return row;
}

// Scores of any answer that has them, as bars.
function bars_of(answer, request) {
  let list = Array.isArray(answer) ? answer.flat() : [answer];
  if (answer.probabilities)
    list = answer.probabilities.map((p, i) => ({score: p, label: request.options[i]}));
  if (list.every(x => typeof x === 'number') && request.inputs && request.inputs.sentences)
    list = list.map((s, i) => ({score: s, label: request.inputs.sentences[i]}));
  return list.filter(x => x && typeof x.score === 'number').slice(0, 20).map(x =>
    bar(x.label ?? x.token_str ?? x.answer ?? (x.word ? x.word + ' ' +
      (x.entity_group ?? x.entity) : null) ?? x.text ?? '#' + x.index, x.score,
      x.score.toFixed(3)));
}

// The text with what was found in it; places are counted in code points.
function mark(answer, request) {
  const one = Array.isArray(request.inputs) ? null : request.inputs;
  const text = typeof one === 'string' ? one : (one ?? request).context;
  const places = (Array.isArray(answer) ? answer : [answer])
    .filter(x => x && Number.isInteger(x.start) && x.end > x.start && !Array.isArray(x));
  if (typeof text !== 'string' || !places.length) return [];
  const characters = [...text], parts = [];
  let done = 0;
  for (const p of places.sort((a, b) => a.start - b.start)) {
    if (p.start < done) continue;
    parts.push(characters.slice(done, p.start).join(''));
    const found = document.createElement('mark');
    found.textContent = characters.slice(p.start, p.end).join('');
    if (p.entity_group ?? p.entity) {
      const label = document.createElement('sub');
      label.textContent = p.entity_group ?? p.entity;
      found.append(label);
    }
    parts.push(found);
    done = p.end;
  }
  parts.push(characters.slice(done).join(''));
  return parts;
}

function show(marked, time, text, bad) {
  at('marked').replaceChildren(...marked);
  at('bars').replaceChildren();
  at('time').textContent = time;
  at('answer').hidden = text === null;
  at('answer').textContent = text ?? '';
  at('answer').className = bad ? 'bad' : '';
}

async function send() {
  at('send').disabled = true;
  const begin = performance.now();
  try {
    const response = await fetch(at('endpoint').value.slice(1), {method: 'POST',
      headers: {'Content-Type': 'application/json', ...headers()}, body: at('body').value});
    const answer = await response.json();
    const time = response.status + ' · ' + (performance.now() - begin).toFixed(1) + ' ms';
    const text = JSON.stringify(answer, null, 1)
      .replace(/\[[-+.\deE,\s]*\]/g, numbers => numbers.replace(/\s+/g, ' '));
    const request = response.ok ? JSON.parse(at('body').value) : null;
    show(response.ok ? mark(answer, request) : [], time, text, !response.ok);
    if (response.ok) at('bars').replaceChildren(...bars_of(answer, request));
  } catch (error) {
    show([], '', String(error), true);
  }
  at('send').disabled = false;
}

at('endpoint').addEventListener('change', choose);
at('send').addEventListener('click', send);
at('key').addEventListener('change', load);
at('body').addEventListener('keydown', e => {
  if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) send();
});
load().then(() => {
  // "?send" tries the first example at once.
  if (location.search === '?send') send();
});
</script>
</body>
</html>
)html";

}  // namespace

Endpoint page_endpoint() {
  Endpoint e{"GET", "/", "A page on which the endpoints can be tried in a browser."};
  e.answer = [](const Call&) { return std::string(kPage); };
  e.content_type = "text/html; charset=utf-8";
  e.open = true;
  return e;
}

}  // namespace albert::serving
