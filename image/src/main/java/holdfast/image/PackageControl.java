package holdfast.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a package says of itself (deb-control(5)).
record PackageControl(Map<String, String> fields) {

    static PackageControl of(Deb deb) throws IOException {
        var text = new StringBuilder();
        deb.control((entry, content) -> {
            if (entry.path().equals("control")) {
                text.append(new String(content.readAllBytes(), StandardCharsets.UTF_8));
            }
        });
        return parse(text.toString());
    }

    static PackageControl parse(String text) {
        var fields = new HashMap<String, String>();
        for (String line : text.split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0 && !line.startsWith(" ")) {
                fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        }
        return new PackageControl(fields);
    }

    boolean essential() {
        return fields.getOrDefault("Essential", "no").equals("yes");
    }

    /// The names of packages of which this one needs one each: for every dependency its alternatives.
    List<List<String>> dependencies() {
        var all = new ArrayList<List<String>>();
        for (String field : new String[] {"Pre-Depends", "Depends"}) {
            for (String dependency : fields.getOrDefault(field, "").split(",")) {
                List<String> names = Arrays.stream(dependency.split("\\|"))
                        .map(alternative -> alternative.strip().replaceFirst("[ (:\\[].*", ""))
                        .filter(name -> !name.isEmpty())
                        .toList();
                if (!names.isEmpty()) {
                    all.add(names);
                }
            }
        }
        return all;
    }
}
