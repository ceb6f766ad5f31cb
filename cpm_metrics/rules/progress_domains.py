"""All seven domains of the child's needs considered at each CPM."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="progress-domains",
    order=130,
    title="All seven domains considered",
    question="Does each CPM's record show that all seven domains of the child's needs were considered?",
    level="guidance",
    source="Quick Guide 3 and record form",
    done_words="all seven domains are recorded",
    record=True,
    needs=(("meetings",),),
    clock="""
        WITH judged AS (
            SELECT *, list_filter(
                ['health', 'education', 'emotional_behavioural', 'identity', 'family_social', 'social_presentation', 'self_care'],
                lambda d: NOT list_contains(domains, d)) AS left_out
            FROM told_cpms WHERE meeting_type = 'cpm'
        )
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN NOT has_domains OR domains IS NULL OR len(domains) = 0 THEN NULL
                 WHEN len(left_out) = 0 THEN true
                 -- Something was written that could not be read: it may be the one that seems left out.
                 WHEN list_contains(domains, '?') THEN NULL
                 ELSE false END AS satisfied,
            CASE WHEN list_contains(domains, '?') THEN 'Domains considered in words that can be read' ELSE 'Domains considered' END AS missing,
            'left out: ' || replace(array_to_string(list_transform(left_out, lambda d: CASE d
                WHEN 'emotional_behavioural' THEN 'emotional and behavioural development'
                WHEN 'family_social' THEN 'family and social relationships'
                WHEN 'self_care' THEN 'self-care skills' ELSE d END), ', '), '_', ' ') AS detail
        FROM judged
    """,
    examples=(
        Example("all seven", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "domains": [
                    "health", "education", "emotional_behavioural", "identity", "family_social", "social_presentation", "self_care"]}]},
                [{"status": "on_time"}]),
        Example("some left out are named", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "domains": ["health", "education", "identity", "social_presentation"]}]},
                [{"status": "missed", "why_has": "left out: emotional and behavioural development, family and social relationships, self-care skills"}]),
        Example("blank: cannot tell", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06"}]}, [{"status": "cannot_tell"}]),
        Example("a word that could not be read: cannot tell", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "domains": ["health", "?"]}]}, [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
