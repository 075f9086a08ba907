/* SPDX-License-Identifier: Apache-2.0 */
/* The picture: what was drawn beforehand goes, and the same is drawn anew for the window's width. */
const MARGIN = 12;

class PictureSurface {
	constructor(model) {
		this.model = model;
		this.shown = [];
		this.root = document.documentElement;
		this.root.removeAttribute('viewBox');
		document.getElementById('still').remove();
		this.frames = this.element('g', {});
		this.boxes = new Map(); /* node -> its group */
		this.root.append(this.frames);
		this.control = new Control(model, this);
		const { head, notes, foot, tip, keys } = this.control;
		this.head = this.foreign(make('div', { className: 'body' }, head, notes));
		this.foot = this.foreign(make('div', { className: 'body' }, foot));
		this.tip = this.foreign(tip);
		this.keys = this.foreign(keys);
		this.frames.addEventListener('mousemove', (event) => this.control.point(this.at(event), event.pageX, event.pageY));
		this.frames.addEventListener('mouseleave', () => this.control.point(-1));
		this.frames.addEventListener('click', (event) => this.control.enter(this.at(event)));
		window.addEventListener('resize', () => this.control.draw());
		this.control.draw();
		this.reveal(0);
	}

	element(name, attributes) {
		const element = document.createElementNS('http://www.w3.org/2000/svg', name);
		for (const key in attributes)
			element.setAttribute(key, attributes[key]);
		return element;
	}

	foreign(content) {
		const element = this.element('foreignObject', { x: 0, y: 0, width: 10, height: 10 });
		element.append(content);
		this.root.append(element);
		return element;
	}

	/* Gives it this width and the height that its content has then. */
	stretch(element, x, y, width) {
		element.setAttribute('x', x);
		element.setAttribute('y', y);
		element.setAttribute('width', width);
		element.setAttribute('height', 4000);
		const high = Math.ceil(element.firstChild.offsetHeight || element.firstChild.getBoundingClientRect().height);
		element.setAttribute('height', high);
		return high;
	}

	draw(control) {
		const wide = Math.max(320, Math.floor((window.visualViewport || { width: innerWidth }).width)), list = [];
		let deepest = 0;
		this.shown = [];
		this.boxes.clear();
		this.model.layout(control.zoom, wide - 2 * MARGIN, (node, x, w, row) => {
			list.push({ node, x: x + MARGIN, w, row });
			if (node >= 0)
				this.shown.push(node);
			deepest = Math.max(deepest, row);
		});
		const high = (deepest + 1) * ROW, top = this.stretch(this.head, 0, 0, wide) + 4;
		this.frames.replaceChildren(...list.map((box) =>
			this.box(box, top + (control.icicle ? box.row : deepest - box.row) * ROW)));
		control.tell();
		const total = top + high + 4 + this.stretch(this.foot, 0, top + high + 4, wide);
		this.root.setAttribute('width', wide);
		this.root.setAttribute('height', Math.max(total, 240));
		this.mark(control);
	}

	box({ node, x, w }, y) {
		if (node < 0)
			return this.element('rect', { class: 'rest', x: x.toFixed(1), y, width: w.toFixed(1), height: ROW - 1 });
		const { model, control } = this, match = model.isMatch(node);
		const faded = (model.matches && !match) || model.end[node] <= control.zoom || node < control.zoom;
		const color = match ? 'match' : `${model.color(node)} s${model.shade(node)}`;
		const group = this.element('g', { class: faded ? 'faded' : '' });
		const text = control.fit(model.name(node), w - 8);
		group.node = node;
		group.append(this.element('rect', { class: color, x: x.toFixed(1), y, width: Math.max(w - (w > 3 ? 1 : 0), 0.5).toFixed(1),
			height: ROW - 1 }));
		if (text) {
			const label = this.element('text', { class: match ? 'found' : '', x: (x + 4).toFixed(1), y: y + 13 });
			label.textContent = text;
			group.append(label);
		}
		this.boxes.set(node, group);
		return group;
	}

	at(event) {
		const group = event.target.closest('g');
		return group && group.node !== undefined ? group.node : -1;
	}

	mark(control) {
		for (const old of this.frames.querySelectorAll('.picked'))
			old.classList.remove('picked');
		for (const node of [control.picked, control.pointed]) {
			const group = this.boxes.get(node);
			if (group)
				group.classList.add('picked');
		}
	}

	reveal(node) {
		const group = this.boxes.get(node);
		if (group)
			group.scrollIntoView({ block: 'nearest' });
	}

	float(element, x, y) {
		const outer = element === this.control.tip ? this.tip : this.keys;
		const wide = Math.min(innerWidth - 24, 460), middle = !x && !y;
		const h = this.stretch(outer, 0, 0, wide);
		const low = y + h + 8 > innerHeight + scrollY;
		outer.setAttribute('x', middle ? scrollX + (innerWidth - wide) / 2 : Math.max(4, Math.min(x, innerWidth + scrollX - wide - 8)));
		outer.setAttribute('y', middle ? scrollY + 40 : low ? Math.max(4, y - h - 28) : y);
		outer.setAttribute('visibility', element.hidden ? 'hidden' : 'visible');
	}
}

new PictureSurface(new Model(JSON.parse(document.getElementById('profile').textContent)));
