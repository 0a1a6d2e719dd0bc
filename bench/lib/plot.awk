# SPDX-License-Identifier: GPL-2.0-only
# Turns a CSV of zipfload or hitshare into an SVG; see bench/plot.

function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function text(x, y, class, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, class, escape(what)
}

function line(x1, y1, x2, y2, class) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class
}

function x_of(t) { return left + (t - first) / span * width }
function y_of(share) { return top1 + (1 - share) * height1 }

# The largest of 1, 2, 5 times a power of ten that gives at least five ticks.
function tick_step(range,    step) {
	step = 1
	while (range / (step * 5) >= 5) {
		if (range / (step * 2) < 5) break
		if (range / (step * 5) < 5) { step *= 2; break }
		if (range / (step * 10) < 5) { step *= 5; break }
		step *= 10
	}
	return step
}

# From the colour of slow memory to that of fast memory.
function blend(share) {
	return sprintf("#%02x%02x%02x", 236 - 214 * share, 232 - 125 * share, 226 - 44 * share)
}

function style() {
	print "<style>"
	print "text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:13px;fill:#333}"
	print ".title{font-size:19px;font-weight:bold;fill:#111}"
	print ".panel{font-size:14px;font-weight:bold;fill:#222}"
	print ".right{text-anchor:end}.middle{text-anchor:middle}"
	print ".grid{stroke:#e3e3e3}.axis{stroke:#888}"
	print ".event{stroke:#b3541e;stroke-width:1.5;stroke-dasharray:5 3}.eventname{fill:#b3541e}"
	print ".hit{fill:none;stroke:#166bb6;stroke-width:2.6;stroke-linejoin:round}"
	print ".best{fill:none;stroke:#555;stroke-width:1.4;stroke-dasharray:7 4}"
	print ".slow{fill:none;stroke:#9a8f80;stroke-width:2.6}"
	print ".hitname{fill:#166bb6;font-weight:bold}"
	print "</style>"
}

function polyline(values, class, scale,    i) {
	printf "<polyline class=\"%s\" points=\"", class
	for (i = 1; i <= n; i++)
		printf "%.1f,%.1f ", x_of(time[i]), scale ? top2 + height2 * (1 - values[i] / scale) : y_of(values[i])
	print "\"/>"
}

function panel_share(    i) {
	text(left, top1 - 44, "panel", "Share of accesses served by fast memory")
	for (i = 0; i <= 5; i++) {
		line(left, y_of(i / 5), left + width, y_of(i / 5), "grid")
		text(left - 8, y_of(i / 5) + 4, "right", (i * 20) "%")
	}
	polyline(best, "best", 0)
	polyline(hit, "hit", 0)
	text(left + width + 8, y_of(best[n]) - 6, "", "best possible")
	text(left + width + 8, y_of(best[n]) + 10, "", sprintf("%.1f%%", 100 * best[n]))
	# Kept off the label above it.
	i = y_of(hit[n])
	if (i < y_of(best[n]) + 28) i = y_of(best[n]) + 28
	text(left + width + 8, i + 2, "hitname", sprintf("reached %.1f%%", 100 * hit[n]))
}

# Not every busybox awk can raise to a power.
function octave_name(o,    keys) {
	if (o == 0) return "top key"
	for (keys = 1; o > 0; o--) keys *= 2
	return "next " (keys >= 1024 ? keys / 1024 "k" : keys)
}

function panel_octaves(    o, i, h, x, next_x) {
	text(left, top2 - 12, "panel", "Where the values lie, most popular above (each row gets about as many requests)")
	h = height2 / octaves
	for (o = 0; o < octaves; o++) {
		# The end of a row is the first sample after which nothing changed.
		for (i = 1; i <= n; i++) {
			x = x_of(time[i])
			while (i < n && cell[i + 1, o] == cell[i, o]) i++
			next_x = i < n ? x_of(time[i + 1]) : left + width
			printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n", \
				x, top2 + o * h, next_x - x + 0.3, h - 1, blend(cell[i, o])
		}
		if (o % 4 == 0)
			text(left - 8, top2 + (o + 0.5) * h + 4, "right", octave_name(o))
	}
	legend(left + width + 8, top2)
}

function legend(x, y,    i) {
	text(x, y + 12, "", "all on fast")
	for (i = 0; i < 10; i++)
		printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"16\" height=\"11\" fill=\"%s\"/>\n", \
			x, y + 20 + 10 * i, blend(1 - i / 9)
	text(x, y + 137, "", "all on slow")
}

function panel_pages(    i, most) {
	for (i = 1; i <= n; i++) {
		if (fast[i] > most) most = fast[i]
		if (slow[i] > most) most = slow[i]
	}
	if (!most) most = 1
	text(left, top2 - 12, "panel", "Where the pages lie")
	for (i = 0; i <= 4; i++) {
		line(left, top2 + height2 * i / 4, left + width, top2 + height2 * i / 4, "grid")
		text(left - 8, top2 + height2 * i / 4 + 4, "right", sprintf("%.0f MiB", most * (1 - i / 4) / 256))
	}
	polyline(slow, "slow", most)
	polyline(fast, "hit", most)
	text(left + width + 8, top2 + height2 * (1 - slow[n] / most) + 4, "", "slow memory")
	text(left + width + 8, top2 + height2 * (1 - fast[n] / most) + 4, "hitname", "fast memory")
}

function time_axis(    t, step, bottom) {
	bottom = top2 + height2
	line(left, bottom, left + width, bottom, "axis")
	step = tick_step(span)
	for (t = 0; t <= span; t += step) {
		line(x_of(first + t), bottom, x_of(first + t), bottom + 5, "axis")
		text(x_of(first + t), bottom + 20, "middle", t " s")
	}
}

# Names that would overlap the one before go a level up.
function event_lines(    record, at, name, x, level, free) {
	while ((getline record < events) > 0) {
		at = record + 0
		name = record
		sub(/^[^ ]* */, "", name)
		if (at < first || at > first + span) continue
		x = x_of(at)
		level = x < free ? 1 - level : 0
		line(x, top1 - 18 - 15 * level, x, top1 + height1, "event")
		line(x, top2, x, top2 + height2, "event")
		text(x + 5, top1 - 10 - 15 * level, "eventname", name)
		free = x + 10 + 7.5 * length(name)
	}
}

BEGIN {
	FS = ","
	left = 92; width = 700; top1 = 118; height1 = 200; top2 = 372; height2 = 210
}

NR == 1 {
	for (i = 1; i <= NF; i++) column[$i] = i
	if ("hit" in column) column["hit_share"] = column["hit"]
	split("time hit_share oracle fast_pages slow_pages", needed, " ")
	for (i in needed)
		if (!(needed[i] in column)) {
			print "plot: no column " needed[i] " in " FILENAME > "/dev/stderr"
			failed = 1
			exit 1
		}
	octaves = 0
	while (("octave" octaves) in column) octaves++
	next
}

NF >= 5 {
	n++
	time[n] = $column["time"]; hit[n] = $column["hit_share"]; best[n] = $column["oracle"]
	fast[n] = $column["fast_pages"]; slow[n] = $column["slow_pages"]
	for (i = 0; i < octaves; i++) cell[n, i] = $column["octave" i]
}

END {
	if (failed) exit 1
	if (n < 2) {
		print "plot: " FILENAME " has no two samples" > "/dev/stderr"
		exit 1
	}
	first = time[1]; span = time[n] - first
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\" height=\"630\" viewBox=\"0 0 920 630\">"
	style()
	print "<rect width=\"920\" height=\"630\" fill=\"white\"/>"
	text(left, 34, "title", title)
	panel_share()
	if (octaves) panel_octaves()
	else panel_pages()
	event_lines()
	time_axis()
	print "</svg>"
}
