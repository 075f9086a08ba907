/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page and the picture share: the controls, the keyboard, what is shown about a frame. A surface draws:
 * draw(control), reveal(node), float(element, x, y), and tells of the mouse by point() and click().
 */
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
const ROW = 19;

const KEYS = [
	['click, Enter', 'zoom to a frame'],
	['Backspace', 'back to the zoom before'],
	['Escape', 'clear the search, then the zoom'],
	['arrows', 'walk over the frames'],
	['/', 'search: a regular expression, in names and modules'],
	['n, N', 'next match, the one before'],
	['i', 'flames or icicles'],
	['v', 'next value'],
	['w', 'widths of now or of before (differential)'],
	['t', 'light or dark'],
	['?', 'this list'],
];

function make(tag, properties, ...kids) {
	const element = document.createElementNS('http://www.w3.org/1999/xhtml', tag);
	Object.assign(element, properties);
	element.append(...kids);
	return element;
}

class Control {
	constructor(model, surface) {
		this.model = model;
		this.surface = surface;
		this.zoom = 0;
		this.trail = []; /* zooms before this one */
		this.picked = -1; /* by the keyboard */
		this.pointed = -1; /* by the mouse */
		this.icicle = model.data.icicle;
		this.pen = make('canvas', {}).getContext('2d');
		this.pen.font = FONT;
		this.glyph = this.pen.measureText('M').width;
		this.build();
		document.addEventListener('keydown', (event) => this.key(event));
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
	}

	/* --- what stands around the graph --- */

	build() {
		const { data } = this.model;
		const button = (text, title, run) => {
			const element = make('button', { type: 'button', textContent: text, title });
			element.addEventListener('click', run);
			return element;
		};
		this.query = make('input', { type: 'search', placeholder: 'search: regex', spellcheck: false,
			autocomplete: 'off', title: 'names and modules (/)' });
		this.query.setAttribute('aria-label', 'search');
		this.query.addEventListener('input', () => this.search());
		this.matched = make('output', { className: 'matched' });
		this.values = make('select', { title: 'what widths mean (v)' }, ...data.types.map((type, i) =>
			make('option', { value: i, textContent: `${Model.safe(type.name)} (${Model.safe(type.unit)})` })));
		this.values.value = this.model.value;
		this.values.addEventListener('change', () => this.choose(+this.values.value, this.model.side));
		this.side = button('', 'widths of now or of before (w)', () => this.choose(this.model.value, 1 - this.model.side));
		this.flipper = button('', 'which way it grows (i)', () => this.flip());
		this.reset = button('All', 'back to the whole (Escape)', () => this.whole());
		const tools = make('div', { className: 'tools' }, make('span', { className: 'search' }, this.query, this.matched));
		if (data.types.length > 1)
			tools.append(this.values);
		if (data.diff)
			tools.append(this.side);
		tools.append(this.flipper, this.reset, button('◐', 'light or dark (t)', () => this.theme()),
			button('?', 'keys (?)', () => this.help()));
		this.facts = make('p', { className: 'facts' });
		this.head = make('header', {}, make('div', { className: 'title' },
			make('h1', { textContent: Model.safe(data.title), title: Model.safe(data.title) }), this.facts), tools);
		const notes = data.stacks ? data.notes : ['there is nothing in this profile', ...data.notes];
		this.notes = make('ul', { className: 'notes', hidden: !notes.length },
			...notes.map((note) => make('li', { textContent: Model.safe(note) })));
		this.details = make('div', { className: 'details' });
		this.details.setAttribute('aria-live', 'polite');
		this.foot = make('footer', {}, this.details, this.legend());
		this.tip = make('div', { className: 'tip', hidden: true });
		this.keys = make('div', { className: 'keys', hidden: true }, make('h2', { textContent: 'Keys' }),
			make('dl', {}, ...KEYS.flatMap(([key, text]) =>
				[make('dt', { textContent: key }), make('dd', { textContent: text })])),
			button('Close', 'Escape', () => this.help()));
	}

	legend() {
		const { data } = this.model;
		const item = (name, text) => make('span', {}, make('i', { className: name }), text);
		const used = new Set(data.functions.map((row) => KINDS[row[2]]));
		const list = make('div', { className: 'legend' });
		if (data.diff) {
			list.append(item('d-4', 'much less'), item('d-2', 'less'), item('d0', 'the same'), item('d2', 'more'),
				item('d4', 'much more'));
			if (data.shares)
				list.append(make('span', { textContent: 'compared by share of the whole' }));
		} else {
			list.append(...KINDS.filter((kind) => used.has(kind)).map((kind) =>
				item(kind, kind === 'jit' ? 'JIT' : kind === 'module' ? 'kernel module' : kind)));
		}
		list.append(item('rest', 'too narrow to show'), item('match', 'found'));
		return list;
	}

	/* --- what is shown --- */

	draw() {
		const { model } = this, { data } = model;
		this.flipper.textContent = this.icicle ? 'Flames' : 'Icicles';
		this.side.textContent = model.side ? 'Widths: before' : 'Widths: now';
		this.reset.disabled = !this.zoom;
		this.facts.textContent = [
			this.amount(model.width[0]) + (model.unit === 'count' ? '' : ` ${Model.safe(data.types[model.value].name)}`),
			data.stacks === 1 ? '1 stack' : `${data.stacks} stacks`, data.duration ? duration(data.duration) : '',
			data.time ? new Date(data.time / 1e6).toLocaleString() : '',
		].filter(Boolean).join(' · ');
		this.surface.draw(this);
		this.tell();
	}

	/* Of what is counted, the name says more than the unit. */
	amount(value) {
		const { unit, data, value: type } = this.model;
		return amount(value, unit) + (unit === 'count' ? ' ' + Model.safe(data.types[type].name) : '');
	}

	/* The lines about a frame: its name first. */
	lines(i) {
		const { model } = this, { data } = model, now = model.total[0][model.value], whole = now[0];
		const own = model.own[0][model.value][i], unit = model.unit;
		const lines = [model.name(i)];
		const where = [model.kind(i) === 'user' || !i ? '' : model.kind(i), model.module(i), model.place(i)];
		if (where.some(Boolean))
			lines.push(where.filter(Boolean).join(' · '));
		let text = `${this.amount(now[i])} · ${percent(now[i], whole)} of all`;
		if (this.zoom && this.zoom !== i)
			text += ` · ${percent(now[i], now[this.zoom])} of ${model.name(this.zoom).slice(0, 40)}`;
		lines.push(`${text} · itself ${own ? `${amount(own, unit)}, ${percent(own, whole)}` : 0}`);
		if (data.diff) {
			const old = model.total[1][model.value], change = now[i] - old[i];
			lines.push(`before ${amount(old[i], unit)}, ${percent(old[i], old[0])} · ${change > 0 ? '+' : ''}` +
				`${amount(change, unit)}` + (data.shares ? ` · share ${this.points(i, now, old)}` : ''));
		}
		return lines;
	}

	points(i, now, old) {
		const change = (now[0] ? now[i] / now[0] : 0) - (old[0] ? old[i] / old[0] : 0);
		return (change > 0 ? '+' : change < 0 ? '−' : '') + percent(Math.abs(change), 1);
	}

	tell() {
		const i = this.pointed >= 0 ? this.pointed : this.picked;
		const lines = this.lines(i < 0 ? this.zoom : i);
		this.details.replaceChildren(make('b', { textContent: lines[0] }),
			...lines.slice(1).map((text) => make('span', { textContent: text })));
	}

	/* As much of the text as fits. */
	fit(text, width) {
		if (width < 2 * this.glyph)
			return '';
		if (/^[\x20-\x7e]*$/.test(text)) {
			const n = Math.floor(width / this.glyph);
			return text.length <= n ? text : n < 3 ? '' : text.slice(0, n - 1) + '…';
		}
		const letters = Array.from(text);
		let low = 0, high = Math.min(letters.length, Math.ceil(width));
		const first = (n) => letters.slice(0, n).join('') + (n < letters.length ? '…' : '');
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.pen.measureText(first(middle)).width <= width)
				low = middle;
			else
				high = middle - 1;
		}
		return low < Math.min(2, letters.length) ? '' : first(low);
	}

	/* --- what one can do --- */

	search() {
		const { model } = this;
		let wrong = '';
		try {
			model.search(this.query.value);
		} catch (error) {
			wrong = 'not a regular expression';
		}
		this.query.classList.toggle('wrong', !!wrong);
		if (wrong || !model.matches) {
			this.matched.textContent = wrong;
		} else {
			this.matched.textContent = percent(model.matched(0), model.width[0]);
			if (this.zoom)
				this.matched.textContent += `, ${percent(model.matched(this.zoom), model.width[this.zoom])} of zoom`;
		}
		this.draw();
	}

	go(node) {
		this.zoom = node;
		this.pointed = -1;
		this.point(-1);
		if (this.model.matches)
			this.search();
		else
			this.draw();
		this.surface.reveal(node);
	}

	enter(node) {
		if (node < 0 || node === this.zoom || !(this.model.width[node] > 0))
			return;
		this.trail.push(this.zoom);
		this.go(node);
	}

	back() {
		if (this.trail.length)
			this.go(this.trail.pop());
	}

	whole() {
		if (this.zoom) {
			this.trail = [];
			this.go(0);
		}
	}

	flip() {
		this.icicle = !this.icicle;
		this.draw();
		this.surface.reveal(this.zoom);
	}

	choose(value, side) {
		this.model.choose(value, side);
		this.values.value = value;
		if (!(this.model.width[this.zoom] > 0)) {
			this.zoom = 0;
			this.trail = [];
		}
		this.search();
	}

	theme() {
		const dark = getComputedStyle(document.documentElement).colorScheme;
		const isDark = dark === 'dark' || (dark !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
		document.documentElement.style.colorScheme = isDark ? 'light' : 'dark';
		this.draw();
	}

	help() {
		this.keys.hidden = !this.keys.hidden;
		this.surface.float(this.keys, 0, 0);
	}

	/* The mouse is over a frame, or over none: -1. */
	point(node, x, y) {
		const changed = node !== this.pointed;
		this.pointed = node;
		this.tip.hidden = node < 0;
		if (node >= 0) {
			if (changed) {
				const [name, ...more] = this.lines(node);
				this.tip.replaceChildren(make('b', { textContent: name.length > 400 ? name.slice(0, 400) + '…' : name }),
					...more.map((text) => make('span', { textContent: text })));
			}
			this.surface.float(this.tip, x + 14, y + 16);
		}
		if (changed) {
			this.tell();
			this.surface.mark(this);
		}
	}

	/* --- keyboard --- */

	pick(node) {
		this.picked = node;
		this.pointed = -1;
		this.tip.hidden = true;
		this.surface.mark(this);
		this.surface.reveal(node);
		this.tell();
	}

	walk(key) {
		const { model } = this, at = this.picked < 0 ? this.zoom : this.picked;
		const deeper = this.icicle ? 'ArrowDown' : 'ArrowUp';
		if (this.picked < 0)
			return this.pick(at);
		if (key === 'ArrowLeft' || key === 'ArrowRight') {
			const siblings = at ? model.kids(model.parent[at]) : [0];
			const next = siblings[siblings.indexOf(at) + (key === 'ArrowRight' ? 1 : -1)];
			return next === undefined ? null : this.pick(next);
		}
		const next = key === deeper ? model.kids(at)[0] : model.parent[at];
		return next === undefined || next < 0 ? null : this.pick(next);
	}

	nextMatch(step) {
		const found = this.surface.shown.filter((i) => this.model.isMatch(i));
		if (found.length) {
			const at = found.indexOf(this.picked);
			this.pick(found[(at < 0 && step < 0 ? found.length - 1 : at + step + found.length) % found.length]);
		}
	}

	escape() {
		if (!this.keys.hidden)
			return this.help();
		if (this.query.value) {
			this.query.value = '';
			this.search();
		} else {
			this.picked = -1;
			this.whole();
			this.draw();
		}
		this.query.blur();
	}

	key(event) {
		const typing = event.target === this.query || event.target === this.values;
		const value = (this.model.value + 1) % this.model.data.types.length;
		const actions = {
			'/': () => { this.query.focus(); this.query.select(); },
			'?': () => this.help(),
			Backspace: () => this.back(),
			Enter: () => this.enter(this.picked),
			n: () => this.nextMatch(1),
			N: () => this.nextMatch(-1),
			i: () => this.flip(),
			v: () => this.choose(value, this.model.side),
			w: () => this.model.data.diff && this.choose(this.model.value, 1 - this.model.side),
			t: () => this.theme(),
		};
		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.key === 'Escape')
			this.escape();
		else if (event.target === this.query && event.key === 'Enter')
			this.query.blur();
		else if (typing || (event.target.localName === 'button' && event.key === 'Enter'))
			return;
		else if (event.key.startsWith('Arrow'))
			this.walk(event.key);
		else if (actions[event.key])
			actions[event.key]();
		else
			return;
		event.preventDefault();
	}
}
