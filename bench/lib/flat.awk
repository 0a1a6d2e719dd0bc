# SPDX-License-Identifier: GPL-2.0-only
# Turns the figures of bench/flat into an SVG: CPU, state and coverage by size of memory.

function text(x, y, class, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, class, what
}

function x_of(i) { return left + (n > 1 ? (i - 1) / (n - 1) : 0) * width }

function number(value) { return value < 100 ? sprintf("%.3g", value) : sprintf("%d", value) }

function size_name(mib) {
	mib += 0
	if (mib < 1024) return mib " MiB"
	return mib < 1048576 ? mib / 1024 " GiB" : mib / 1048576 " TiB"
}

# panel TOP NAME UNIT LIMIT: values[NAME, size], from 0 to a bit above the largest.
function panel(top, what, title, limit, limit_name,    i, most, y, bottom) {
	most = limit
	for (i = 1; i <= n; i++)
		if (values[what, sizes[i]] + 0 > most) most = values[what, sizes[i]] + 0
	most *= 1.15
	bottom = top + height
	text(left, top - 12, "panel", title)
	printf "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"axis\"/>\n", left, bottom, left + width, bottom
	if (limit) {
		y = bottom - limit / most * height
		printf "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"limit\"/>\n", left, y, left + width, y
		text(left, y - 5, "limitname", limit_name)
	}
	printf "<polyline class=\"value\" points=\""
	for (i = 1; i <= n; i++)
		printf "%.1f,%.1f ", x_of(i), bottom - values[what, sizes[i]] / most * height
	print "\"/>"
	for (i = 1; i <= n; i++) {
		y = bottom - values[what, sizes[i]] / most * height
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", x_of(i), y
		text(x_of(i), y - 9, "middle", number(values[what, sizes[i]]))
		text(x_of(i), bottom + 18, "middle", size_name(sizes[i]))
	}
}

$1 == "figure" && $2 ~ /^flat_/ {
	split($2, part, "_")
	mib = part[3]
	sub(/M$/, "", mib)
	values[part[2], mib] = $3
	if (!(mib in known)) {
		known[mib] = 1
		sizes[++n] = mib
	}
}

END {
	left = 60
	width = 820
	height = 130
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"940\" height=\"660\" viewBox=\"0 0 940 660\">"
	print "<style>text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:12px;fill:#333}"
	print ".title{font-size:19px;font-weight:bold}.panel{font-size:14px;font-weight:bold}"
	print ".limitname{fill:#b3541e}.middle{text-anchor:middle}.axis{stroke:#888}"
	print ".limit{stroke:#b3541e;stroke-dasharray:6 4}.value{fill:none;stroke:#166bb6;stroke-width:2.4}"
	print "circle{fill:#166bb6}</style><rect width=\"940\" height=\"660\" fill=\"#fff\"/>"
	text(left, 34, "title", "The cost by size of memory (simulated)")
	panel(90, "last", "CPU for scanning and deciding, per cent of one CPU", 1, "cpu_max = 1 %")
	panel(290, "state", "State, millionths of the memory", 200, "0.02 %")
	panel(490, "age", "Longest time since a page was looked at, seconds", 0, "")
	print "</svg>"
}
