"""Where the meeting agreed how often to meet, the next meeting keeps to it."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="agreed-frequency",
    order=80,
    title="CPMs as often as agreed",
    question="Was the next CPM held within the frequency that the last one agreed?",
    level="guidance",
    source="Quick Guide 4",
    notes="Understood: weekly, fortnightly, monthly; a number with days, weeks or months, with or without “every” "
    "(every 6 weeks, 4 weekly, 2 months, 28 days); a bare number is days. Anything else: cannot tell.",
    anchor_words="a CPM agreed the frequency on",
    done_words="next CPM held on",
    needs=(("meetings.agreed_frequency",),),
    clock=r"""
        WITH spoken AS (  -- one row: a frequency as it is written, however often
            SELECT DISTINCT agreed_frequency, lower(regexp_replace(trim(agreed_frequency), '[\s-]+', ' ', 'g')) AS words FROM held_cpms
        ),
        read AS (
            SELECT *,
                CASE words WHEN 'weekly' THEN 1 WHEN 'fortnightly' THEN 2 WHEN 'monthly' THEN 1
                    ELSE try_cast(regexp_extract(words, '^(?:every )?(\d{1,3})(?: ?(?:day|week|month)(?:s|ly)?)?$$', 1) AS INTEGER)
                END AS number,
                CASE WHEN words IN ('weekly', 'fortnightly') THEN 'week' WHEN words = 'monthly' THEN 'month'
                    ELSE coalesce(nullif(regexp_extract(words, '(day|week|month)', 1), ''), 'day') END AS unit
            FROM spoken
        )
        SELECT c.child_id, c.care_started, c.meeting_date AS anchor_date, c.meeting_key AS about_meeting,
            CASE WHEN number = 0 THEN NULL WHEN unit = 'month' THEN (c.meeting_date + to_months(number))::DATE
                 ELSE c.meeting_date + number * CASE unit WHEN 'week' THEN 7 ELSE 1 END END AS due_date,
            m.meeting_date AS done_date, m.meeting_id, p.care_ceased AS lapses_on,
            'agreed frequency: “' || trim(c.agreed_frequency) || '”' AS limit_text,
            CASE WHEN NOT c.has_agreed_frequency THEN 'Agreed frequency (Meetings)' WHEN coalesce(number, 0) = 0 THEN 'a frequency that can be read as a number of days, weeks or months' END AS missing
        FROM held_cpms c
        JOIN periods p USING (child_id, care_started)
        LEFT JOIN read r ON r.agreed_frequency = c.agreed_frequency
        LEFT JOIN cpm_days m
          ON m.child_id = c.child_id AND m.care_started = c.care_started AND c.meeting_date + 1 BETWEEN m.opens AND m.meeting_date
        WHERE c.agreed_frequency IS NOT NULL OR NOT c.has_agreed_frequency
    """,
    examples=(
        Example("six weeks to the day", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-01-06", "agreed_frequency": "Every 6 weeks"}, {"meeting_date": "2026-02-17"}]},
                [{"status": "on_time", "due_date": "2026-02-17", "done_date": "2026-02-17"}]),
        Example("monthly is a calendar month", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-01-31", "agreed_frequency": "monthly"}, {"meeting_date": "2026-03-01"}]},
                [{"status": "late", "due_date": "2026-02-28", "days": 1}]),
        Example("4 weekly, and nothing since", "2026-02-04",
                {"meetings": [{"meeting_date": "2026-01-06", "agreed_frequency": "4-weekly"}]},
                [{"status": "overdue", "due_date": "2026-02-03", "days": 1}]),
        Example("a second meeting that day doesn't count", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "agreed_frequency": "28"}, {"meeting_date": "2026-01-06"}]},
                [{"status": "due_soon", "due_date": "2026-02-03"}]),
        Example("words that can't be read", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-01-06", "agreed_frequency": "as needed"}]}, [{"status": "cannot_tell"}]),
        Example("nothing agreed, nothing owed", "2026-06-01", {"meetings": [{"meeting_date": "2026-01-06"}]}, []),
    ),
)  # fmt: skip
