package holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CampaignTest {
    @Test
    void goesOnUntilItHasLookedAtAsManyAsItPromises() throws Exception {
        var seeds = new ArrayList<Long>();
        Campaign.Tally tally = Campaign.tally("cases", 25, seed -> {
            seeds.add(seed);
            return 10;
        });
        assertThat(tally).isEqualTo(new Campaign.Tally(30, 3));
        assertThat(seeds).isEqualTo(List.of(1000L, 1001L, 1002L));
    }

    @Test
    void aSeedOfWhichThereIsNothingToLookAtIsAFailure() {
        assertThatThrownBy(() -> Campaign.tally("cases", 25, seed -> seed == 1002 ? 0 : 10)).hasMessage("no cases with seed 1002");
    }
}
