# picture.gp: the speeds of one run as a picture, for README.
#   gnuplot -e "data='FILE'; out='FILE'" picture.gp
# FILE has blocks of lines: a name in quotes, requests per second, and 1 if it is
# this library. Each block begins with its title.
set terminal svg size 720,460 font "sans-serif,11" background "white"
set output out
stats data using 2 nooutput
set multiplot layout STATS_blocks,1 margins 0.38,0.91,0.03,0.92 spacing 0.11
set style fill solid noborder
set boxwidth 0.7
set yrange [] reverse
set xrange [0:*]
set border 0
unset key
unset xtics
set ytics scale 0 nomirror
do for [block = 0:STATS_blocks - 1] {
  set title system(sprintf("sed -n '/^# /p' %s | sed -n %dp | cut -c3-", data, block + 1)) left offset screen -0.35,0
  plot data index block using ($2 / 2):0:($2 / 2):(0.35):($3 > 0 ? 0x2b6cb0 : 0xb8c2cc):ytic(1) \
         with boxxyerror linecolor rgb variable, \
       "" index block using 2:0:(sprintf(" %d", $2)) with labels left
}
unset multiplot
