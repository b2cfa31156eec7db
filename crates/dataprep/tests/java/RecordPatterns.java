import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Records what Java's regular expressions give, for the test agrees_with_java.
 *
 * Reads lines of a pattern, a tab and a text; writes them with the groups of the first match, whether the
 * whole text matches, the parts of split(text, -1) and the text with every match in angle brackets. What
 * is not plain ASCII is written as % and a code point in hexadecimal and ;.
 *
 *   cut -f1,2 patterns.tsv | grep -v '^#' | java RecordPatterns.java
 */
public class RecordPatterns {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] given = line.split("\t", -1);
            String[] columns = record(decode(given[0]), decode(given[1]));
            StringBuilder row = new StringBuilder(line);
            for (String column : columns) {
                row.append('\t').append(encode(column));
            }
            out.println(row);
        }
        out.flush();
    }

    static String[] record(String regex, String text) {
        Pattern pattern;
        try {
            pattern = Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            return new String[] {"ERROR", "", "", ""};
        }
        StringBuilder groups = new StringBuilder();
        Matcher matcher = pattern.matcher(text);
        if (matcher.find()) {
            for (int group = 0; group <= matcher.groupCount(); group++) {
                groups.append(group == 0 ? "[" : "|");
                groups.append(matcher.group(group) == null ? "-" : matcher.group(group));
            }
            groups.append(']');
        }
        return new String[] {
            groups.toString(),
            String.valueOf(pattern.matcher(text).matches()),
            String.join("|", pattern.split(text, -1)),
            pattern.matcher(text).replaceAll("<$0>")
        };
    }

    static String decode(String column) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < column.length(); at++) {
            if (column.charAt(at) == '%') {
                int end = column.indexOf(';', at);
                text.appendCodePoint(Integer.parseInt(column.substring(at + 1, end), 16));
                at = end;
            } else {
                text.append(column.charAt(at));
            }
        }
        return text.toString();
    }

    static String encode(String text) {
        StringBuilder column = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c < 32 || c > 126 || c == '%' || c == ';') {
                column.append('%').append(Integer.toHexString(c)).append(';');
            } else {
                column.appendCodePoint(c);
            }
        });
        return column.toString();
    }
}
