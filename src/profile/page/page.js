/* SPDX-License-Identifier: Apache-2.0 */
/* The page: a canvas as large as its window, which shows the part of the graph that is scrolled to. */
class CanvasSurface {
	constructor(model) {
		this.model = model;
		this.shown = [];
		this.boxes = []; /* by row: { node, x, w } from left to right */
		this.colors = new Map();
		this.canvas = make('canvas', {});
		this.canvas.setAttribute('role', 'img');
		this.canvas.setAttribute('aria-label', 'flame graph; arrow keys walk over it');
		this.space = make('div', { className: 'space' });
		this.view = make('main', { tabIndex: 0 }, this.canvas, this.space);
		this.control = new Control(model, this);
		const { head, notes, foot, tip, keys } = this.control;
		document.body.append(head, notes, this.view, foot, tip, keys);
		this.view.addEventListener('scroll', () => this.paint());
		this.canvas.addEventListener('mousemove', (event) => this.move(event));
		this.canvas.addEventListener('mouseleave', () => this.control.point(-1));
		this.canvas.addEventListener('click', (event) => this.control.enter(this.at(event)));
		new ResizeObserver(() => this.control.draw()).observe(this.view);
		this.control.draw();
		this.reveal(0);
	}

	/* Frames know their row and place; the canvas is painted from these. */
	draw(control) {
		this.wide = this.view.clientWidth;
		this.high = this.view.clientHeight;
		this.boxes = [];
		this.shown = [];
		this.colors.clear();
		this.model.layout(control.zoom, this.wide, (node, x, w, row) => {
			(this.boxes[row] = this.boxes[row] || []).push({ node, x, w });
			if (node >= 0)
				this.shown.push(node);
		});
		this.tall = Math.max(this.boxes.length * ROW + 2, this.high);
		this.space.style.height = `${this.tall - this.high}px`;
		this.paint();
	}

	/* The row's place on the canvas. */
	top(row) {
		const icicle = this.control.icicle;
		return (icicle ? row * ROW + 1 : this.tall - (row + 1) * ROW - 1) - this.view.scrollTop;
	}

	/* What a class of the style sheet means now. */
	color(name) {
		let color = this.colors.get(name);
		if (!color) {
			const probe = make('i', { className: name, hidden: true });
			document.body.append(probe);
			const style = getComputedStyle(probe);
			color = { fill: style.backgroundColor, ink: style.color };
			probe.remove();
			this.colors.set(name, color);
		}
		return color;
	}

	paint() {
		if (!this.control)
			return;
		const ratio = window.devicePixelRatio || 1, pen = this.canvas.getContext('2d');
		this.canvas.width = this.wide * ratio;
		this.canvas.height = this.high * ratio;
		this.canvas.style.width = `${this.wide}px`;
		this.canvas.style.height = `${this.high}px`;
		pen.scale(ratio, ratio);
		pen.font = FONT;
		pen.textBaseline = 'middle';
		this.boxes.forEach((boxes, row) => {
			const y = this.top(row);
			if (y > -ROW && y < this.high)
				for (const box of boxes)
					this.paintBox(pen, box, y);
		});
		this.paintMark(pen, this.control.picked, 2);
		this.paintMark(pen, this.control.pointed, 1);
	}

	paintBox(pen, { node, x, w }, y) {
		if (node < 0) {
			pen.fillStyle = this.color('rest').fill;
			pen.fillRect(x, y, w, ROW - 1);
			return;
		}
		const { model, control } = this, match = model.isMatch(node);
		const { fill, ink } = this.color(match ? 'match' : model.color(node));
		const gap = w > 3 ? 1 : 0, faded = (model.matches && !match) || model.end[node] <= control.zoom ||
			node < control.zoom;
		pen.globalAlpha = (faded ? 0.45 : 1) * (match ? 1 : 1 - 0.1 * model.shade(node));
		pen.fillStyle = fill;
		pen.fillRect(x, y, w - gap, ROW - 1);
		const text = control.fit(model.name(node), w - 8);
		if (text) {
			pen.globalAlpha = faded ? 0.75 : 1;
			pen.fillStyle = ink;
			pen.fillText(text, x + 4, y + ROW / 2);
		}
		pen.globalAlpha = 1;
	}

	paintMark(pen, node, width) {
		const row = node < 0 ? null : this.boxes[this.model.depth[node]];
		const box = row && row.find((item) => item.node === node);
		if (!box)
			return;
		pen.strokeStyle = getComputedStyle(document.body).color;
		pen.lineWidth = width;
		pen.strokeRect(box.x + width / 2, this.top(this.model.depth[node]) + width / 2,
			Math.max(box.w - 1 - width, 1), ROW - 1 - width);
	}

	mark() {
		this.paint();
	}

	/* The frame at the mouse, or -1. */
	at(event) {
		const x = event.offsetX, y = event.offsetY + this.view.scrollTop;
		const row = Math.floor(this.control.icicle ? (y - 1) / ROW : (this.tall - y - 1) / ROW);
		const box = (this.boxes[row] || []).find((item) => x >= item.x && x < item.x + item.w);
		return box ? box.node : -1;
	}

	move(event) {
		const node = this.at(event);
		this.canvas.style.cursor = node < 0 ? '' : 'pointer';
		this.control.point(node, event.clientX, event.clientY);
	}

	/* Scrolls as far as needed; a frame that fills the width with what it called. */
	reveal(node) {
		const y = this.top(this.model.depth[node]), lines = node === this.control.zoom ? Math.min(8, this.high / ROW - 1) : 0;
		const above = this.control.icicle ? 0 : lines * ROW, below = this.control.icicle ? lines * ROW : 0;
		if (node === 0)
			this.view.scrollTop = this.control.icicle ? 0 : this.tall;
		else if (y - above < 0)
			this.view.scrollTop += y - above;
		else if (y + ROW + below > this.high)
			this.view.scrollTop += y + ROW + below - this.high;
		this.paint();
	}

	/* Within the window; at 0, 0: in its middle, by the style sheet. */
	float(element, x, y) {
		if (!x && !y)
			return;
		const w = element.offsetWidth, h = element.offsetHeight;
		element.style.left = `${Math.max(4, Math.min(x, innerWidth - w - 8))}px`;
		element.style.top = `${y + h + 8 > innerHeight ? Math.max(4, y - h - 28) : y}px`;
	}
}

new CanvasSurface(new Model(JSON.parse(document.getElementById('profile').textContent)));
