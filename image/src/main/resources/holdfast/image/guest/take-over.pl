# Serves a disk that is still arriving to the kernel's nbd driver: what is here from the disk, the rest from an NBD server, once; and keeps the map of what is
# here. The host does so until this says on the map's disk that it is there (docs/provisioning.md). One process does all of it, one request after the
# other, so that nothing of the map needs a lock; what waits for the network is a process of its own. Perl, since every Debian has it.
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

BEGIN { require(($0 =~ m{^(.*/)})[0] . 'take-over-repository.pl') }

use constant {SECTOR => 512, SECTOR_BLOCKS => 2000, BITS_BYTES => 250, TEXT_BYTES => 4096};
use constant {WRITE => 1, DISCONNECT => 2, FLUSH => 3, EIO => 5, REPLY => 0x67446698, PATIENCE => 30};
# ioctl(2), and syscall(2) of a 64-bit RISC-V Linux.
use constant {
    BLKFLSBUF => 0x1261, NBD_SET_SOCK => 0xab00, NBD_SET_BLKSIZE => 0xab01, NBD_DO_IT => 0xab03, NBD_CLEAR_SOCK => 0xab04, NBD_CLEAR_QUE => 0xab05,
    NBD_SET_SIZE_BLOCKS => 0xab07, NBD_DISCONNECT => 0xab08, NBD_SET_FLAGS => 0xab0a,
    SYS_FSYNC => 82, SYS_PRCTL => 167, SYS_FADVISE => 223, SYS_MLOCKALL => 230,
};

my ($diskName, $nbdName, $fill) = ('', 'nbd0', 0);
my $whenWrong = sub { };

sub wrong {
    my $text = "holdfast-take-over: @_\n";
    print STDERR $text;
    $whenWrong->($text);
    POSIX::_exit(1);
}

sub note { print STDERR "holdfast-take-over: @_\n" }

# ---- the disk ----

my @crcTable = map { my $c = $_; $c = $c & 1 ? 0x82f63b78 ^ $c >> 1 : $c >> 1 for 1 .. 8; $c } 0 .. 255;

sub crc32c {
    my $crc = 0xffffffff;
    $crc = $crcTable[($crc ^ $_) & 255] ^ $crc >> 8 for unpack 'C*', $_[0];
    return $crc ^ 0xffffffff;
}

my ($disk, $map, $kernel);
my ($size, $block, $mapAt, $known, $host, $port, $export);
my ($blocks, $sectors, $absent);
my ($here, $modified, @intended, %dirty);

sub synced { syscall(SYS_FSYNC, fileno $_[0]) == 0 }

sub blockAfter { int(($_[0] + $block - 1) / $block) }

sub readMap {
    my $bytes = readAt($map, $mapAt, $sectors * SECTOR) // wrong("the map cannot be read: $!");
    $here = $modified = '';
    for my $i (0 .. $sectors - 1) {
        my $sector = substr($bytes, $i * SECTOR, SECTOR);
        if ($sector !~ /[^\0]/) {
            $_ .= "\0" x BITS_BYTES for $here, $modified;
            next;
        }
        my ($crc, $number, $intent) = unpack 'VVV', $sector;
        wrong("sector $i of the map is damaged") if $crc != crc32c(substr $sector, 4) || $number != $i;
        $here .= substr $sector, 12, BITS_BYTES;
        $modified .= substr $sector, $intent ? 12 : 12 + BITS_BYTES, BITS_BYTES;
        $intended[$i] = 1 if $intent;
    }
    $absent = $blocks - unpack '%32b*', $here;
}

sub writeSector {
    my ($i) = @_;
    my $body = pack('VV', $i, $intended[$i] ? 1 : 0) . substr($here, $i * BITS_BYTES, BITS_BYTES) . substr($modified, $i * BITS_BYTES, BITS_BYTES);
    return writeAt($map, $mapAt + $i * SECTOR, pack('V', crc32c($body)) . $body);
}

my $failed = 0;

# The map shows nothing that is not durable: first the data, then the sectors that have changed. A flush that failed has lost something, and so none succeeds again.
sub flushed {
    return 0 if $failed;
    my $done = synced($disk);
    if ($done && %dirty) {
        $done &&= writeSector($_) for sort { $a <=> $b } keys %dirty;
        $done &&= synced($map);
        %dirty = () if $done;
    }
    note("cannot write any more: $!"), $failed = 1 unless $done;
    return $done;
}

sub arrived {
    my ($first, $end) = @_;
    for my $b ($first .. $end - 1) {
        next if vec $here, $b, 1;
        vec($here, $b, 1) = 1;
        $absent--;
        $dirty{int $b / SECTOR_BLOCKS} = 1;
    }
}

# That a block is not the image's any more is durable before it is not: once for each sector of the map.
sub intends {
    my ($first, $end) = @_;
    my $new = 0;
    for my $b ($first .. $end - 1) {
        my $i = int $b / SECTOR_BLOCKS;
        next if $intended[$i] || !vec($here, $b, 1) || vec $modified, $b, 1;
        $dirty{$i} = $intended[$i] = $new = 1;
    }
    return !$new || flushed();
}

sub changed {
    my ($offset, $data) = @_;
    my ($first, $end) = (int $offset / $block, blockAfter($offset + length $data));
    return 0 unless !$failed && intends($first, $end) && writeAt($disk, $offset, $data);
    arrived($first, $end);
    for my $b ($first .. $end - 1) {
        next if vec $modified, $b, 1;
        vec($modified, $b, 1) = 1;
        $dirty{int $b / SECTOR_BLOCKS} = 1;
    }
    return 1;
}

# ---- what is missing ----

my ($fetcher, $fetcherPid, $there, $said, $answers, $refused, $nextTry, $pause) = (undef, 0, 0, '', '', 0, 0, 0.1);
my ($cookies, %asked, %onItsWay, %waiting) = (0);

sub connects {
    socketpair($fetcher, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or return;
    $fetcherPid = fork // return;
    if (!$fetcherPid) {
        close $_ for grep { defined } $fetcher, $kernel, $disk, $map;
        leadsTo($host, $port, $export, $size, $known, $other);
    }
    ($there, $said, $answers) = (0, '', '');
}

sub disconnects {
    kill 'KILL', $fetcherPid if $fetcherPid;
    waitpid $fetcherPid, 0 if $fetcherPid;
    undef $fetcher;
    ($fetcherPid, $there) = (0, 0);
    $_->{sent} = 0 for values %asked;
    $nextTry = now() + $pause;
    $pause = $pause * 2 > 5 ? 5 : $pause * 2;
}

sub sends {
    my ($cookie) = @_;
    my $ask = $asked{$cookie};
    my $from = $ask->{first} * $block;
    my $to = $ask->{end} * $block;
    $to = $size if $to > $size;
    $ask->{bytes} = $to - $from;
    $ask->{sent} = now();
    disconnects() unless writeAll($fetcher, pack 'N n n Q> Q> N', REQUEST, 0, READ, $cookie, $from, $to - $from);
}

sub asks {
    my ($first, $end) = @_;
    $asked{++$cookies} = {first => $first, end => $end, sent => 0};
    $onItsWay{$_} = 1 for $first .. $end - 1;
    sends($cookies) if $there;
}

# Nobody waits for a block twice, and it is asked for once, however many wait.
sub waits {
    my ($request, @blocks) = @_;
    $request->{missing} = @blocks;
    $request->{until} = now() + PATIENCE;
    push @{$waiting{$_}}, $request for @blocks;
    my @new = grep { !$onItsWay{$_} } @blocks;
    while (@new) {
        my $first = shift @new;
        my $end = $first + 1;
        shift @new, $end++ while @new && $new[0] == $end && $end - $first < 128;
        asks($first, $end);
    }
}

sub comes {
    my ($cookie, $data) = @_;
    my $ask = delete $asked{$cookie};
    my $ok = defined $data;
    for (my $b = $ask->{first}; $ok && $b < $ask->{end};) {
        $b++, next if vec $here, $b, 1; # written meanwhile: that is newer
        my $end = $b + 1;
        $end++ while $end < $ask->{end} && !vec $here, $end, 1;
        $ok = writeAt($disk, $b * $block, substr $data, ($b - $ask->{first}) * $block, ($end - $b) * $block);
        arrived($b, $end) if $ok;
        $b = $end;
    }
    for my $b ($ask->{first} .. $ask->{end} - 1) {
        delete $onItsWay{$b};
        for my $request (@{delete $waiting{$b} // []}) {
            next if $request->{ended};
            if (!$ok && !vec $here, $b, 1) {
                ends($request, EIO);
            } elsif (--$request->{missing} == 0) {
                performs($request);
            }
        }
    }
}

sub hears {
    my $n = sysread($fetcher, my $bytes, 262144);
    return disconnects() unless $n;
    if (!$there) {
        $said .= $bytes;
        return unless $said =~ /\n/;
        chomp $said;
        if ($said eq 'there') {
            note('the repository is there again') if $refused || $pause > 0.5;
            ($there, $refused, $pause) = (1, 0, 0.1);
            for my $cookie (sort { $a <=> $b } keys %asked) {
                sends($cookie) if $there;
            }
        } else {
            note($said) if $pause < 0.3 || $said =~ /^another/ && !$refused;
            $refused = $said =~ /^another/;
            if ($refused) {
                comes($_) for keys %asked;
            }
        }
        return;
    }
    $answers .= $bytes;
    while (length $answers >= 16) {
        my ($magic, $error, $cookie) = unpack 'N N Q>', $answers;
        my $ask = $asked{$cookie};
        return disconnects() if $magic != REPLY || !$ask;
        my $length = $error ? 0 : $ask->{bytes};
        last if length $answers < 16 + $length;
        my $data = $error ? undef : substr $answers, 16, $length;
        substr($answers, 0, 16 + $length) = '';
        comes($cookie, $data);
    }
}

my $filledDurably = 0;

sub lookAround {
    my $now = now();
    for my $request (map { @$_ } values %waiting) {
        ends($request, EIO) if !$request->{ended} && $request->{until} < $now;
    }
    disconnects() if $there && grep { $_->{sent} && $_->{sent} + PATIENCE < $now } values %asked;
    connects() if !$fetcher && $absent && $now >= $nextTry;
    if ($fetcher && !$absent && !%asked) {
        disconnects();
        flushed() && note("all of $diskName is here");
    }
    # What is brought unasked nobody flushes.
    if ($fill && %dirty && $now > $filledDurably + 5) {
        flushed();
        $filledDurably = $now;
    }
}

my $filledTo = 0;

sub fillsOn {
    return if !$fill || !$there || !$absent || %asked;
    pos($here) = int $filledTo / 8;
    $here =~ /[^\xff]/g or do { $filledTo = 0; return };
    my $first = 8 * (pos($here) - 1);
    $first++ while $first < $blocks && vec $here, $first, 1;
    my $end = $first;
    $end++ while $end < $blocks && $end - $first < 64 && !vec $here, $end, 1;
    $filledTo = $end >= $blocks ? 0 : $end;
    asks($first, $end) if $first < $end;
}

# ---- the kernel's requests ----

sub ends {
    my ($request, $error, $data) = @_;
    $request->{ended} = 1;
    writeAll($kernel, pack('N N', REPLY, $error) . $request->{handle} . ($data // '')) or wrong('the kernel is gone');
}

sub performs {
    my ($request) = @_;
    if ($request->{type} == READ) {
        my $data = readAt($disk, $request->{offset}, $request->{length});
        ends($request, defined $data ? 0 : EIO, $data);
    } else {
        ends($request, changed($request->{offset}, $request->{data}) ? 0 : EIO);
    }
}

# Of what is read all, of what is written the blocks of which it is a part, unless it is up to the end.
sub missing {
    my ($request) = @_;
    my ($first, $end) = (int $request->{offset} / $block, blockAfter($request->{offset} + $request->{length}));
    return grep { !vec $here, $_, 1 } $first .. $end - 1 if $request->{type} == READ;
    my %parts;
    $parts{$first} = 1 if $request->{offset} % $block;
    my $to = $request->{offset} + $request->{length};
    $parts{$end - 1} = 1 if $to % $block && $to != $size;
    return grep { !vec $here, $_, 1 } sort { $a <=> $b } keys %parts;
}

# Whether there may be more.
sub serves {
    my $head = readExactly($kernel, 28) // return 0;
    my ($magic, $type, $handle, $offset, $length) = unpack 'N N a8 Q> N', $head;
    wrong('the kernel has sent what is no request') if $magic != REQUEST;
    my $request = {type => $type & 0xffff, handle => $handle, offset => $offset, length => $length};
    return 0 if $request->{type} == DISCONNECT;
    if ($request->{type} == FLUSH) {
        ends($request, flushed() ? 0 : EIO);
        return 1;
    }
    if ($request->{type} == WRITE) {
        $request->{data} = readExactly($kernel, $length) // return 0;
    } elsif ($request->{type} != READ) {
        ends($request, 22);
        return 1;
    }
    my @missing = missing($request);
    if (!@missing) {
        performs($request);
    } elsif ($refused) {
        ends($request, EIO);
    } else {
        waits($request, @missing);
    }
    return 1;
}

my $ending = 0;

sub isFree { sysopen(my $device, "/dev/$nbdName", O_RDWR | O_EXCL) ? 1 : 0 }

sub serve {
    my ($whenReady) = @_;
    my $looked = 0;
    while (1) {
        my $ready = '';
        vec($ready, fileno $kernel, 1) = 1;
        vec($ready, fileno $fetcher, 1) = 1 if $fetcher;
        my $n = select($ready, undef, undef, $whenReady ? 0.02 : %asked || !$fill || !$absent ? 0.5 : 0.02);
        if ($n > 0) {
            hears() if $fetcher && vec $ready, fileno $fetcher, 1;
            last if vec($ready, fileno $kernel, 1) && !serves();
        } elsif ($n == 0) {
            fillsOn();
        }
        if (now() > $looked + 0.2) {
            $looked = now();
            lookAround();
        }
        if ($whenReady && -e "/sys/block/$nbdName/pid") {
            $whenReady->();
            undef $whenReady;
        }
        if ($ending) {
            $ending = 0;
            if (sysopen(my $device, "/dev/$nbdName", O_RDWR)) {
                ioctl($device, NBD_DISCONNECT, 0);
            }
        }
    }
    gaveBack();
}

# In order: nothing counts as perhaps modified that is not, and the host brings what is missing again.
sub gaveBack {
    $absent && $fetcher and disconnects();
    if (flushed()) {
        for my $i (grep { $intended[$_] } 0 .. $sectors - 1) {
            $intended[$i] = 0;
            $dirty{$i} = 1;
        }
        flushed() && tells('give-back') or note("cannot give $diskName back");
    }
    unlink pidFile();
    note("has given $diskName back");
}

# ---- beginning and end ----

sub pidFile { "/run/holdfast-take-over.$diskName" }

sub firstLine {
    open(my $file, '<', $_[0]) or return '';
    my $line = <$file> // '';
    chomp $line;
    return $line;
}

sub tells {
    my ($word) = @_;
    return writeAt($map, 0, pack 'a' . TEXT_BYTES, "$word\n") && synced($map);
}

sub readText {
    ioctl($map, BLKFLSBUF, 0);
    my $text = readAt($map, 0, TEXT_BYTES) // wrong("the map of $diskName cannot be read: $!");
    $text =~ s/\0.*//s;
    wrong("/dev/$diskName: its map is one of another version") unless $text =~ s/^holdfast map 1\n//;
    return {map { /^(\S+) (.*)$/ ? ($1 => $2) : () } split /\n/, $text};
}

sub opens {
    my $serial = firstLine("/sys/block/$diskName/serial");
    my ($mapName) = map { m{/sys/block/([^/]+)/serial} } grep { $serial =~ /^disk(\d+)$/ && firstLine($_) eq "map$1" } glob '/sys/block/*/serial';
    wrong("/dev/$diskName has no map: all of it is here, or it was not given to this guest with ,hand-over") unless $mapName;
    sysopen($disk, "/dev/$diskName", O_RDWR | O_EXCL) or wrong("/dev/$diskName cannot be taken over ($!); unmount it first");
    sysopen($map, "/dev/$mapName", O_RDWR | O_EXCL) or wrong("/dev/$mapName: $!");
    my $text = readText();
    wrong("/dev/$diskName has been taken over already") if $text->{brings} ne 'host';
    ($size, $block, $mapAt, $known) = @$text{qw(size block map image)};
    $blocks = int(($size + $block - 1) / $block);
    $sectors = int(($blocks + SECTOR_BLOCKS - 1) / SECTOR_BLOCKS);
    ioctl($disk, BLKFLSBUF, 0);
    # What is beside a block that is wanted may not be here: nobody is to read it.
    syscall(SYS_FADVISE, fileno $disk, 0, 0, 1);
}

# Nothing has changed as long as this has not returned.
sub findsRepository {
    my $end = now() + PATIENCE;
    $absent = 1;
    while (!$there) {
        connects() unless $fetcher;
        my $ready = '';
        vec($ready, fileno $fetcher, 1) = 1;
        hears() if select($ready, undef, undef, 1) > 0;
        wrong("$said; nothing was changed") if !$there && $said =~ /^(?:away|another) /;
        wrong("$host:$port does not answer; nothing was changed") if now() > $end;
    }
}

sub takesOver {
    tells('take-over') && readText()->{brings} eq 'guest' or wrong("the host does not hand /dev/$diskName over");
    readMap();
}

sub attaches {
    socketpair($kernel, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or wrong("socketpair: $!");
    my $pid = fork // wrong("fork: $!");
    if ($pid) {
        close $other;
        return;
    }
    close $_ for grep { defined } $kernel, $disk, $map, $fetcher;
    $SIG{TERM} = $SIG{INT} = 'IGNORE';
    # It has flushes; FUA it makes of them.
    sysopen(my $device, "/dev/$nbdName", O_RDWR) or wrong("/dev/$nbdName: $!");
    ioctl($device, NBD_SET_BLKSIZE, SECTOR) && ioctl($device, NBD_SET_SIZE_BLOCKS, $size / SECTOR) && ioctl($device, NBD_CLEAR_SOCK, 0)
        && ioctl($device, NBD_SET_SOCK, fileno $other) && ioctl($device, NBD_SET_FLAGS, 1 | 4)
        or wrong("/dev/$nbdName cannot be set up: $!");
    ioctl($device, NBD_DO_IT, 0);
    ioctl($device, NBD_CLEAR_QUE, 0);
    ioctl($device, NBD_CLEAR_SOCK, 0);
    POSIX::_exit(0);
}

sub begins {
    my ($answer) = @_;
    $whenWrong = sub { writeAll($answer, $_[0]) };
    POSIX::setsid();
    wrong("/dev/$nbdName is in use") if -e "/sys/block/$nbdName/pid";
    opens();
    findsRepository();
    takesOver();
    attaches();
    # Whoever writes to a full memory waits for this; so it must not wait for memory itself, nor be ended.
    syscall(SYS_PRCTL, 57, 1, 0, 0, 0);
    syscall(SYS_MLOCKALL, 3);
    if (open(my $score, '>', '/proc/self/oom_score_adj')) {
        print $score "-1000\n";
    }
    $0 = "\@holdfast-take-over $diskName"; # init systems leave whoever is called so to the end
    $SIG{TERM} = $SIG{INT} = sub { isFree() ? $ending = 1 : note("/dev/$nbdName is in use: goes on") };
    serve(sub {
        if (open(my $file, '>', pidFile())) {
            print $file "$$ $nbdName\n";
        }
        $whenWrong = sub { };
        writeAll($answer, "ready\n");
        close $answer;
        open(STDERR, '>', '/dev/kmsg');
        STDERR->autoflush(1);
        note("brings what is missing of /dev/$diskName, as /dev/$nbdName");
    });
    POSIX::_exit(0);
}

sub endsIt {
    my ($pid, $device) = split(/ /, firstLine(pidFile()));
    wrong("/dev/$diskName has not been taken over") unless $pid && kill 0, $pid;
    $nbdName = $device;
    wrong("/dev/$nbdName is in use; unmount it first") unless isFree();
    kill 'TERM', $pid;
    my $end = now() + 60;
    while (-e pidFile()) {
        wrong("does not end") if now() > $end;
        select(undef, undef, undef, 0.05);
    }
}

sub usage {
    print STDERR "usage: holdfast-take-over [--fill] [--device nbdN] DISK nbd://HOST[:PORT]/EXPORT\n       holdfast-take-over --end DISK\n";
    exit 2;
}

my $end = 0;
while (@ARGV && $ARGV[0] =~ /^--/) {
    my $option = shift;
    if ($option eq '--fill') { $fill = 1 }
    elsif ($option eq '--end') { $end = 1 }
    elsif ($option eq '--device' && @ARGV && $ARGV[0] =~ /^nbd\d+$/) { $nbdName = shift }
    else { usage() }
}
@ARGV == ($end ? 1 : 2) or usage();
($diskName) = $ARGV[0] =~ m{^(?:/dev/)?([a-z0-9]+)$} or usage();
-e "/sys/block/$diskName" or wrong("/dev/$diskName is no disk");
if ($end) {
    endsIt();
    exit 0;
}
($host, $port, $export) = $ARGV[1] =~ m{^nbd://([^/:]+)(?::(\d+))?/(.*)$} or wrong("$ARGV[1] is no address; write nbd://HOST:PORT/EXPORT");
$port ||= 10809;

# A disk that waits for its image should not keep who begins this; so it is another process that goes on.
$| = 1;
$SIG{PIPE} = 'IGNORE';
pipe(my $told, my $answer) or wrong("pipe: $!");
my $server = fork // wrong("fork: $!");
if (!$server) {
    close $told;
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', '/dev/null');
    begins($answer);
}
close $answer;
my $line = <$told> // "holdfast-take-over: has ended\n";
if ($line ne "ready\n") {
    exit 1;
}
print "/dev/$nbdName is $diskName\n";
exit 0;
