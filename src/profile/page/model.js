'use strict';
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as a tree, in arrays: node 0 is all of it, each node stands before those that it called, end[i] is the
 * first node that is not below i. Amounts are [side][value][node]; side 1 is what a differential graph compares with.
 */
class Model {
	constructor(data) {
		const types = data.types.length, sides = data.diff ? 2 : 1, step = 2 + types * sides;
		const n = data.nodes.length / step, open = [];
		this.data = data;
		this.n = n;
		this.depth = new Int32Array(n);
		this.functionOf = new Int32Array(n);
		this.parent = new Int32Array(n);
		this.end = new Int32Array(n).fill(n);
		this.own = this.amounts(sides, types);
		this.total = this.amounts(sides, types);
		for (let i = 0, at = 0; i < n; i++) {
			const depth = this.depth[i] = data.nodes[at++];
			this.functionOf[i] = data.nodes[at++];
			while (open.length > depth)
				this.end[open.pop()] = i;
			this.parent[i] = open.length ? open[open.length - 1] : -1;
			open.push(i);
			for (let side = 0; side < sides; side++)
				for (let type = 0; type < types; type++)
					this.own[side][type][i] = this.total[side][type][i] = data.nodes[at++];
		}
		for (const values of this.total.flat())
			for (let i = n - 1; i > 0; i--)
				values[this.parent[i]] += values[i];
		data.nodes = null;
		this.matches = null; /* by function; null: nothing is searched for */
		this.choose(data.value, 0);
	}

	amounts(sides, types) {
		return Array.from({ length: sides }, () => Array.from({ length: types }, () => new Float64Array(this.n)));
	}

	/* What the widths are. */
	choose(value, side) {
		this.value = value;
		this.side = side;
		this.width = this.total[side][value];
		this.unit = this.data.types[value].unit;
		this.children = new Map();
	}

	/* The nodes below i that have a width, the widest first. */
	kids(i) {
		let list = this.children.get(i);
		if (!list) {
			list = [];
			for (let k = i + 1; k < this.end[i]; k = this.end[k])
				if (this.width[k] > 0)
					list.push(k);
			list.sort((a, b) => this.width[b] - this.width[a] || a - b);
			this.children.set(i, list);
		}
		return list;
	}

	/* Calls emit(node, x, width, row) for all that is at least 1 wide where `root` fills `width`, and for what it is
	 * in. Node -1 stands for what is beside others and too narrow. */
	layout(root, width, emit) {
		const scale = width / this.width[root];
		const visit = (i, x, w) => {
			const kids = this.kids(i);
			let n = 0, rest = 0;
			emit(i, x, w, this.depth[i]);
			for (; n < kids.length && this.width[kids[n]] * scale >= 1; n++) {
				const part = this.width[kids[n]] * scale;
				visit(kids[n], x, part);
				x += part;
			}
			for (; n < kids.length; n++)
				rest += this.width[kids[n]] * scale;
			if (rest >= 1)
				emit(-1, x, rest, this.depth[i] + 1);
		};
		const above = [];
		for (let i = this.parent[root]; i >= 0; i = this.parent[i])
			above.unshift(i);
		for (const i of above)
			emit(i, 0, width, this.depth[i]);
		if (this.width[root] > 0)
			visit(root, 0, width);
	}

	name(i) {
		return i ? Model.safe(this.data.functions[this.functionOf[i]][0]) : 'all';
	}

	module(i) {
		const module = i ? this.data.functions[this.functionOf[i]][1] : -1;
		return module < 0 ? '' : Model.safe(this.data.modules[module]);
	}

	place(i) {
		return i ? Model.safe(this.data.functions[this.functionOf[i]][3]) : '';
	}

	kind(i) {
		return i ? KINDS[this.data.functions[this.functionOf[i]][2]] : 'other';
	}

	/* The class that colours it: its kind, or how much it has changed. */
	color(i) {
		return this.data.diff ? 'd' + this.change(i) : this.kind(i);
	}

	/* Shades that tell neighbours apart: 0 to 2, always the same for a name. */
	shade(i) {
		const name = i ? this.data.functions[this.functionOf[i]][0] : '';
		let hash = 0x811c9dc5;
		for (let k = 0; k < name.length; k++)
			hash = Math.imul(hash ^ name.charCodeAt(k), 0x01000193);
		return (hash >>> 8) % 3;
	}

	/* What it was before, in proportion where amounts depend on how long was measured. */
	before(i) {
		const old = this.total[1][this.value], whole = old[0];
		return this.data.shares ? (whole ? old[i] * this.total[0][this.value][0] / whole : 0) : old[i];
	}

	/* -4 (gone) to 4 (new). */
	change(i) {
		const now = this.total[0][this.value][i], old = this.before(i);
		const ratio = (now - old) / Math.max(now, old, 1e-9);
		return Math.abs(ratio) < 0.02 ? 0 : Math.sign(ratio) * Math.ceil(Math.abs(ratio) * 4);
	}

	/* Marks functions whose name or module matches; throws what is wrong with the expression. */
	search(text) {
		this.matches = null;
		if (!text)
			return;
		const expression = new RegExp(text, /[A-Z]/.test(text) ? 'm' : 'im');
		this.matches = this.data.functions.map(([name, module]) =>
			expression.test(name) || (module >= 0 && expression.test(this.data.modules[module])));
	}

	isMatch(i) {
		return this.matches && i > 0 && this.matches[this.functionOf[i]];
	}

	/* The width of all that matches below root, none counted twice. */
	matched(root) {
		let sum = 0;
		for (let i = root; i < this.end[root];) {
			const hit = this.isMatch(i);
			sum += hit ? this.width[i] : 0;
			i = hit ? this.end[i] : i + 1;
		}
		return sum;
	}

	/* Characters that would move others about are shown as such. */
	static safe(text) {
		return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
	}
}

const KINDS = ['user', 'kernel', 'module', 'jit', 'inlined', 'process', 'other'];

const SCALES = {
	nanoseconds: [1, 1e9], microseconds: [1e3, 1e9], milliseconds: [1e6, 1e9], seconds: [1e9, 1e9],
	bytes: [1, 1024], kilobytes: [1024, 1024], count: [1, 1000],
};

function three(value) {
	return value >= 99.95 ? value.toFixed(0) : value.toPrecision(3);
}

function duration(ns) {
	if (ns < 1e3)
		return `${Math.round(ns)} ns`;
	if (ns < 60e9) {
		const step = ns < 999.5e3 ? 1 : ns < 999.5e6 ? 2 : 3;
		return three(ns / 1e3 ** step) + [' ns', ' µs', ' ms', ' s'][step];
	}
	const s = Math.round(ns / 1e9), two = (n) => String(n).padStart(2, '0');
	return s < 3600 ? `${Math.floor(s / 60)}m${two(s % 60)}s` : `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m`;
}

/* A value for people. */
function amount(value, unit) {
	const [factor, base] = SCALES[unit] || [1, 1000];
	if (value < 0)
		return '−' + amount(-value, unit);
	value *= factor;
	if (base === 1e9)
		return duration(value);
	const suffixes = base === 1024 ? [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'] : ['', 'k', 'M', 'G', 'T', 'P'];
	let i = 0;
	for (; value >= base * 0.9995 && i < 5; i++)
		value /= base;
	return (i ? three(value) : String(Math.round(value))) + suffixes[i] + (unit in SCALES ? '' : ' ' + Model.safe(unit));
}

function percent(part, whole) {
	const value = whole ? part * 100 / whole : 0;
	return (Math.abs(value) >= 99.95 ? value.toFixed(0) : value.toFixed(Math.abs(value) < 1 ? 2 : 1)) + '%';
}
